"""The layers that the models are made of, one idea a module."""
