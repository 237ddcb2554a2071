"""Training a model into a run folder."""
