"""The part of tensorflow-addons that we use, and the only module that imports it.

tensorflow-addons is at its end of life and does not import on TensorFlow 2.16 or later. There, our own layer
takes its place: it computes the same and has the same configuration.
"""

import warnings
from typing import Any, Optional, Sequence

import tensorflow as tf


class OwnStochasticDepth(tf.keras.layers.Layer):
    """Adds a residual that is kept at random in training, and weighted by its probability otherwise.

    One draw decides for the whole batch (Huang et al., 2016, equations (2) and (5)).

    Args:
        survival_probability: of the residual.

    Call arguments:
        x: [shortcut, residual], of the same shape.

    Returns:
        Their shape, in the compute dtype.
    """

    def __init__(self, survival_probability: float = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        self.survival_probability = survival_probability

    def call(self, x: Sequence[tf.Tensor], training: Optional[bool] = None) -> tf.Tensor:
        shortcut, residual = x
        kept = tf.keras.backend.random_bernoulli([], p=self.survival_probability, dtype=self.compute_dtype)
        return tf.keras.backend.in_train_phase(
            lambda: shortcut + kept * residual,
            lambda: shortcut + self.survival_probability * residual,
            training=training,
        )

    def compute_output_shape(self, input_shape: Sequence[tf.TensorShape]) -> tf.TensorShape:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "survival_probability": self.survival_probability}


try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TFA announces its end of life at every import
        from tensorflow_addons.layers import StochasticDepth
except ImportError:
    StochasticDepth = OwnStochasticDepth

__all__ = ["OwnStochasticDepth", "StochasticDepth"]
