"""A bidirectional GRU or LSTM that is fast on the CPU as well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.gru_scan import gru_scan
from holle_tf.models.layers.lstm_scan import lstm_scan

CELLS = {"gru": tf.keras.layers.GRU, "lstm": tf.keras.layers.LSTM}


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class BidirectionalRNN(tf.keras.layers.Layer):
    """Keras' bidirectional GRU or LSTM, computed by ``gru_scan`` or ``lstm_scan`` where there is no GPU.

    The weights are those of ``tf.keras.layers.Bidirectional`` around the cell's layer in either case, so
    that a checkpoint serves both. The recurrence is in the variables' dtype; under mixed precision the
    products of the inputs, which are most of the work, are in the compute dtype (the scans only).

    Args:
        cell: gru or lstm.
        units: of each direction.
        scan: use the scan; None for "if no GPU is visible". Only without it a GRU has second-order
            gradients.

    Call arguments:
        inputs: (batch, length, features), padded on the right.
        mask: bool (batch, length), true for words; a row may have none.

    Returns:
        (batch, length, 2 * units) in the compute dtype, zero on padding.

    Raises:
        ValueError: ``cell`` is unknown.
    """

    def __init__(self, cell: str, units: int, scan: bool | None = None, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell {cell!r} is not among {sorted(CELLS)}")
        self.cell = cell
        self.units = units
        self.scan = scan
        layer = CELLS[cell](units, return_sequences=True, dtype=self.variable_dtype)
        self._keras = tf.keras.layers.Bidirectional(layer, dtype=self.variable_dtype, name="bidirectional")

    def build(self, input_shape: tf.TensorShape) -> None:
        with tf.name_scope(self._keras.name):
            self._keras.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        scan = not tf.config.list_physical_devices("GPU") if self.scan is None else self.scan
        if scan:
            outputs = tf.transpose(self._scanned(inputs, tf.transpose(mask)), [1, 0, 2])
        else:
            outputs = self._keras(tf.cast(inputs, self.variable_dtype), mask=mask)
            outputs *= tf.cast(mask, outputs.dtype)[..., tf.newaxis]
        return tf.cast(outputs, self.compute_dtype)

    def _scanned(self, inputs: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Both directions' outputs, like ``mask`` with time first: (length, batch, 2 * units)."""
        cells = [self._keras.forward_layer.cell, self._keras.backward_layer.cell]
        kernel = tf.cast(tf.concat([cell.kernel for cell in cells], axis=1), self.compute_dtype)
        biases = [tf.convert_to_tensor(cell.bias) for cell in cells]
        added = [self._joint_bias(bias) if self.cell == "gru" else bias for bias in biases]
        shape = tf.shape(inputs)
        flat = tf.reshape(tf.transpose(inputs, [1, 0, 2]), [-1, inputs.shape[-1]])
        projected = tf.matmul(tf.cast(flat, self.compute_dtype), kernel)  # (length * batch, 2 * gates)
        projected = tf.nn.bias_add(tf.cast(projected, self.variable_dtype), tf.concat(added, axis=0))
        projected = tf.reshape(projected, [shape[1], shape[0], kernel.shape[-1]])
        directions = []
        for part, cell, bias, reverse in zip(tf.split(projected, 2, axis=-1), cells, biases, (False, True)):
            recurrent = tf.convert_to_tensor(cell.recurrent_kernel)
            if self.cell == "gru":
                directions.append(gru_scan(part, recurrent, bias[1, 2 * self.units :], mask, reverse))
            else:
                directions.append(lstm_scan(part, recurrent, mask, reverse))
        return tf.concat(directions, axis=-1)

    def _joint_bias(self, bias: tf.Tensor) -> tf.Tensor:
        """A GRU's two biases (2, 3 * units) as one, but for the part that the reset gate multiplies."""
        return bias[0] + tf.pad(bias[1, : 2 * self.units], [[0, self.units]])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": self.cell, "units": self.units, "scan": self.scan}
