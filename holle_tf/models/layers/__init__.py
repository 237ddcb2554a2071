"""The layers of the models, one idea per module."""
