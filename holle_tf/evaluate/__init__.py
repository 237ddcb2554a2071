"""Scores, predictions and baselines."""
