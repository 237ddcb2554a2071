"""Measurements, each side by side in one process; ``--help`` of each says what it prints."""

import holle_tf  # noqa: F401  before TensorFlow, whose options it sets
