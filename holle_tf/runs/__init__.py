"""Run folders: what a run is, what it predicts, how it scores."""
