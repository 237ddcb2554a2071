"""Scores, predictions, baselines and pictures."""
