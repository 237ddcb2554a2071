"""An HTTP service with a page to talk to a model."""
