"""Distillation: losses, terms, recipes and the training step."""
