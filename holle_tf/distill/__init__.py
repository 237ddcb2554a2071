"""Distillation: losses, terms, recipes and the training step. ``holle_tf.distill(...)`` is a function."""

from holle_tf.callable_folder import make_callable

make_callable(__name__)
