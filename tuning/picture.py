"""Parallel coordinates of a search: one line a trial, one axis a key, the last axis the objective."""
from pathlib import Path
def plot_trials(rows, space, objective, out_png): pass
