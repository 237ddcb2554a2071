"""Every option, one file a topic."""
