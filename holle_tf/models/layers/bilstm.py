"""A bidirectional LSTM that is fast on the CPU as well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.lstm_scan import lstm_scan


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class BiLSTM(tf.keras.layers.Layer):
    """Keras' bidirectional LSTM, computed by ``lstm_scan`` where there is no GPU.

    The weights are those of ``tf.keras.layers.Bidirectional(LSTM)`` in either case, so that a checkpoint
    serves both. The recurrence is in the variables' dtype; under mixed precision the products of the
    inputs, which are most of the work, are in the compute dtype (``lstm_scan`` only).

    Args:
        units: of each direction.
        scan: use ``lstm_scan``; None for "if no GPU is visible".

    Call arguments:
        inputs: (batch, length, features), padded on the right.
        mask: bool (batch, length), true for words; a row may have none.

    Returns:
        (batch, length, 2 * units) in the compute dtype, zero on padding.
    """

    def __init__(self, units: int, scan: bool | None = None, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.units = units
        self.scan = scan
        lstm = tf.keras.layers.LSTM(units, return_sequences=True, dtype=self.variable_dtype)
        self._keras = tf.keras.layers.Bidirectional(lstm, dtype=self.variable_dtype, name="bidirectional")

    def build(self, input_shape: tf.TensorShape) -> None:
        with tf.name_scope(self._keras.name):
            self._keras.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        scan = not tf.config.list_physical_devices("GPU") if self.scan is None else self.scan
        if scan:
            return self._scanned(inputs, mask)
        outputs = self._keras(tf.cast(inputs, self.variable_dtype), mask=mask)
        return tf.cast(outputs * tf.cast(mask, outputs.dtype)[..., tf.newaxis], self.compute_dtype)

    def _scanned(self, inputs: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        cells = [self._keras.forward_layer.cell, self._keras.backward_layer.cell]
        kernel = tf.cast(tf.concat([cell.kernel for cell in cells], axis=1), self.compute_dtype)
        bias = tf.concat([cell.bias for cell in cells], axis=0)
        shape = tf.shape(inputs)
        # The loops go over the first axis.
        flat = tf.reshape(tf.transpose(inputs, [1, 0, 2]), [-1, inputs.shape[-1]])
        projected = tf.matmul(tf.cast(flat, self.compute_dtype), kernel)  # (length * batch, 8 * units)
        projected = tf.nn.bias_add(tf.cast(projected, self.variable_dtype), bias)
        projected = tf.reshape(projected, [shape[1], shape[0], 8 * self.units])
        mask = tf.transpose(mask)  # (length, batch)
        directions = [
            lstm_scan(part, tf.convert_to_tensor(cell.recurrent_kernel), mask, reverse)
            for part, cell, reverse in zip(tf.split(projected, 2, axis=-1), cells, (False, True))
        ]
        outputs = tf.cast(tf.concat(directions, axis=-1), self.compute_dtype)
        return tf.transpose(outputs, [1, 0, 2])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "scan": self.scan}
