"""Scores, predictions and baselines. ``holle_tf.evaluate(...)`` is a function."""

from holle_tf.callable_folder import make_callable

make_callable(__name__)
