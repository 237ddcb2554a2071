"""Benchmarks, each of which measures its variants side by side; ``--help`` says what it prints."""

import holle_tf  # noqa: F401  before TensorFlow, whose options it sets
