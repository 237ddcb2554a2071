"""QANet's encoder block: positions, separable convolutions, self-attention, feed-forward."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import tensorflow as tf

from holle_tf.addons import StochasticDepth
from holle_tf.models.layers.fast_dropout import FastDropout
from holle_tf.models.layers.feed_forward import FeedForward
from holle_tf.models.layers.layer_norm import LayerNorm
from holle_tf.models.layers.self_attention import SelfAttention
from holle_tf.models.layers.separable_conv import SeparableConv
from holle_tf.models.layers.sinusoid import sinusoid_positions


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class EncoderBlock(tf.keras.layers.Layer):
    """One encoder block (Yu et al., 2018, figure 1; paper, section 3.2).

    Every sublayer f is used as ``x + f(layernorm(x))``, and kept with its own probability in training
    (stochastic depth). Padding is zeroed before each convolution, so more padding changes nothing. Under
    mixed precision the running sum x, the norms and the depthwise convolutions stay in the variables' dtype,
    because 28 sublayers times three passes add up in x; only the matrix products are in the compute dtype.

    Args:
        units: features of input and output.
        heads: of self-attention.
        convs: separable convolutions.
        kernel_size: words that each convolution sees.
        survival: probabilities of keeping the sublayers, ``convs + 2`` of them, lowest sublayer first.
        dropout: on the input of every second convolution, of attention and of the feed-forward part.
        chunked_training: see ``SelfAttention``.

    Call arguments:
        inputs: (batch, length, units).
        mask: bool (batch, length).

    Returns:
        (batch, length, units), in the variables' dtype.

    Raises:
        ValueError: ``survival`` has the wrong number of entries.
    """

    def __init__(
        self,
        units: int,
        heads: int,
        convs: int,
        kernel_size: int,
        survival: Sequence[float],
        dropout: float = 0.0,
        chunked_training: bool = False,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        if len(survival) != convs + 2:
            raise ValueError(f"{convs + 2} sublayers, but {len(survival)} survival chances")
        self.units = units
        self.heads = heads
        self.convs = convs
        self.kernel_size = kernel_size
        self.survival = [float(chance) for chance in survival]
        self.dropout = dropout
        self.chunked_training = chunked_training
        self._norms = [LayerNorm() for _ in self.survival]
        # TFA's layer multiplies in its own compute dtype, which must be that of the running sum.
        self._joins = [StochasticDepth(chance, dtype=self.variable_dtype) for chance in self.survival]
        self._convs = [SeparableConv(units, kernel_size) for _ in range(convs)]
        self._attention = SelfAttention(units, heads, chunked_training)
        self._feed_forward = FeedForward(units)
        self._drop = FastDropout(dropout)

    def call(self, inputs: tf.Tensor, mask: tf.Tensor, training: Optional[bool] = None) -> tf.Tensor:
        x = tf.cast(inputs, self.variable_dtype)
        x += sinusoid_positions(tf.shape(x)[1], self.units, x.dtype)
        real = tf.cast(mask, x.dtype)[..., tf.newaxis]  # (batch, length, 1)
        for i, conv in enumerate(self._convs):
            normed = self._norms[i](x) * real
            if i % 2 == 0:
                normed = self._drop(normed, training=training)
            x = self._joins[i]([x, conv(normed)], training=training)
        normed = self._drop(self._norms[-2](x), training=training)
        x = self._joins[-2]([x, self._attention(normed, mask=mask, training=training)], training=training)
        normed = self._drop(self._norms[-1](x), training=training)
        return self._joins[-1]([x, self._feed_forward(normed)], training=training)

    def scale_branches(self, gain: float) -> None:
        """Multiply what every sublayer adds to the running sum by ``gain``, by way of its last kernel."""
        for conv in self._convs:
            conv.pointwise.assign(gain * conv.pointwise)  # its bias is zero at first, and relu keeps scales
        self._attention.scale_values(gain)
        self._feed_forward.outer_kernel.assign(gain * self._feed_forward.outer_kernel)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "heads": self.heads,
            "convs": self.convs,
            "kernel_size": self.kernel_size,
            "survival": self.survival,
            "dropout": self.dropout,
            "chunked_training": self.chunked_training,
        }
