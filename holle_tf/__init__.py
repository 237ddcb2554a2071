"""Distilling reading-comprehension models into a small span predictor (Arora et al., NAACL 2019)."""
