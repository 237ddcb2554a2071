"""An HTTP service, with a page for chatting with a model."""
