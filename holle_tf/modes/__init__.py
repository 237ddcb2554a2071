"""What each ``--mode`` does."""
