"""What training writes for TensorBoard (docs/tensorboard.md)."""
