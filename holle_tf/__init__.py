"""Distilling reading-comprehension models into a small span predictor (Arora et al., NAACL 2019)."""

import os

# TensorFlow's operations by oneDNN, which it takes by itself only where a CPU has instructions for neural
# networks (AVX-512 VNNI, BF16, AMX). With AVX2 alone, too, QANeT takes half the time by them
# (docs/performance.md). It is read when TensorFlow is imported; one's own setting stays.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
