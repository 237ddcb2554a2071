"""Searches hyperparameters with keras-tuner; every trial trains by ``holle_tf.training.train``."""
