"""Measurements, each side by side in one process; ``--help`` of each says what it prints."""
