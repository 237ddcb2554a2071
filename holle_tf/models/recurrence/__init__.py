"""Recurrences for the CPU, compiled by numba and called from TensorFlow as one operation per layer.

TensorFlow spends most of a recurrence's time between many small operations. Here a few rows go through all of
their words in a single call, and padding is skipped.
"""
