"""Recurrences for the CPU: machine code made by numba, called from TensorFlow as one operation a layer.

TensorFlow spends most of the time of a recurrence between its many small operations. Here a few rows go
through all of their words in one call, and nothing is computed on padding.
"""
