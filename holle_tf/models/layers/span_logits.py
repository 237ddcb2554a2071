"""The last layer of a reader: one logit for every word of the document."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.linear import linear
from holle_tf.models.layers.masking import mask_logits


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class SpanLogits(tf.keras.layers.Layer):
    """A linear map of the concatenated inputs to one logit per word, in float32 whatever the policy.

    Args:
        use_bias: add a scalar (it cancels in a softmax, but published models count it).

    Call arguments:
        inputs: list of (batch, length, features); their concatenation is never built.
        mask: bool (batch, length).

    Returns:
        float32 (batch, length); -1e9 where ``mask`` is false.
    """

    def __init__(self, use_bias: bool = True, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.use_bias = use_bias

    def build(self, input_shape: list[tf.TensorShape]) -> None:
        features = sum(int(shape[-1]) for shape in input_shape)
        self.kernel = self.add_weight(
            "kernel",
            shape=(features, 1),
            # The residual sums below QANet's last layer are large: with Glorot's scale, the first predictions
            # would be one-hot, at a loss of 70 nats. This scale starts near the uniform distribution.
            initializer=tf.keras.initializers.RandomNormal(stddev=0.01),
            experimental_autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight("bias", shape=(), initializer="zeros", experimental_autocast=False)
        super().build(input_shape)

    def call(self, inputs: list[tf.Tensor], mask: tf.Tensor) -> tf.Tensor:
        kernels = tf.split(tf.convert_to_tensor(self.kernel), [int(part.shape[-1]) for part in inputs])
        parts = [linear(tf.cast(part, kernel.dtype), kernel) for part, kernel in zip(inputs, kernels)]
        logits = tf.squeeze(tf.add_n(parts), axis=-1)  # (batch, length)
        if self.use_bias:
            logits += self.bias
        return mask_logits(logits, mask)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "use_bias": self.use_bias}
