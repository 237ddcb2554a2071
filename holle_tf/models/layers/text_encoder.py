"""Stacked bidirectional recurrent encoder (paper, section 3.3.2)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.models.layers.fast_dropout import FastDropout


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class TextEncoder(tf.keras.layers.Layer):
    """A stack of bidirectional GRUs or LSTMs.

    Args:
        cell: gru or lstm.
        units: size d of each direction.
        depth: number of stacked layers.
        dropout: share of the inputs of every layer that is dropped in training.

    Call arguments:
        inputs: (batch, length, dim), right-padded.
        mask: bool, (batch, length), true on real words; a row may have none.

    Returns:
        Every position's state (batch, length, 2*units), zero on padding, and the final state of both
        directions of the topmost layer (batch, 2*units), zero for a row without words.

    Raises:
        ValueError: ``cell`` is unknown.
    """

    def __init__(self, cell: str, units: int, depth: int, dropout: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.cell, self.units, self.depth, self.dropout = cell, units, depth, dropout
        self._drop = FastDropout(dropout)
        self._stack = [BidirectionalRNN(cell, units, name=f"layer_{i}") for i in range(depth)]

    def call(self, inputs: tf.Tensor, mask: tf.Tensor, training: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
        sequence = inputs
        for layer in self._stack:
            sequence = layer(self._drop(sequence, training=training), mask=mask, training=training)
        forward, backward = tf.split(sequence, 2, axis=-1)  # (batch, length, units)
        last = tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1, 0)  # (batch,)
        final = tf.concat([tf.gather(forward, last, batch_dims=1), backward[:, 0]], axis=-1)
        return sequence, final  # (batch, length, 2*units), (batch, 2*units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": self.cell, "units": self.units, "depth": self.depth, "dropout": self.dropout,
        }  # fmt: skip
