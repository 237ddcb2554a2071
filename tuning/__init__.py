"""Search for hyperparameters with keras-tuner; every trial trains through ``holle_tf.training.train``."""
