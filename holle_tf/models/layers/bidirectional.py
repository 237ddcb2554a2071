"""A bidirectional GRU or LSTM that is fast on the CPU as well."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional

import tensorflow as tf

from holle_tf.models.recurrence.loop import loop_recurrence
from holle_tf.models.recurrence.operation import recurrence

CELLS = {"gru": tf.keras.layers.GRU, "lstm": tf.keras.layers.LSTM}
IMPLEMENTATIONS = ("auto", "compiled", "keras", "loop")
_default = ["auto"]  # a stack; its top is for layers that are created now
_twice_differentiable = [False]  # a stack; its top is for layers that are called now


@contextmanager
def recurrent_implementation(name: str) -> Iterator[None]:
    """Layers created in this context use the implementation ``name`` unless they ask for another.

    ``keras`` is for what ``compiled`` cannot do: second-order gradients and XLA. ``loop`` is for exports: it
    uses stock operations, and is a few times faster than ``keras`` on a single text.
    """
    _default.append(name)
    try:
        yield
    finally:
        _default.pop()


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Layers called in this context run as plain loops over their cells, which have second-order gradients.

    The compiled implementation and the cuDNN kernels have none. The loops are several times slower.
    """
    _twice_differentiable.append(True)
    try:
        yield
    finally:
        _twice_differentiable.pop()


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class BidirectionalRNN(tf.keras.layers.Layer):
    """Keras' bidirectional GRU or LSTM, computed by ``models.recurrence`` where there is no GPU.

    Either way the weights are those of ``tf.keras.layers.Bidirectional`` around the cell's layer, so a
    checkpoint fits both. The recurrence is in the variables' dtype; under mixed precision the products of the
    inputs are in the compute dtype (compiled only).

    Args:
        cell: gru or lstm.
        units: of each direction.
        implementation: compiled | keras | loop | auto (compiled if no GPU is visible, else keras). None takes
            that of ``recurrent_implementation``, or auto outside of such a context.

    Call arguments:
        inputs: (batch, length, features), padded on the right.
        mask: bool (batch, length), true for words; a row may have none.
        training: whether gradients will be needed; if false, they can be computed but take longer.

    Returns:
        (batch, length, 2 * units) in the compute dtype, zero on padding.

    Raises:
        ValueError: ``cell`` or ``implementation`` is unknown.
    """

    def __init__(self, cell: str, units: int, implementation: Optional[str] = None, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        if cell not in CELLS:
            raise ValueError(f"cell {cell!r} is not among {sorted(CELLS)}")
        self.cell = cell
        self.units = units
        self.implementation = _default[-1] if implementation is None else implementation
        if self.implementation not in IMPLEMENTATIONS:
            raise ValueError(f"implementation {implementation!r} is not among {IMPLEMENTATIONS}")
        layer = CELLS[cell](units, return_sequences=True, dtype=self.variable_dtype)
        self._keras = tf.keras.layers.Bidirectional(layer, dtype=self.variable_dtype, name="bidirectional")

    def build(self, input_shape: tf.TensorShape) -> None:
        with tf.name_scope(self._keras.name):
            self._keras.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, mask: tf.Tensor, training: Any = None) -> tf.Tensor:
        compiled = self.implementation == "compiled"
        if self.implementation == "auto":
            compiled = not tf.config.list_physical_devices("GPU")
        if _twice_differentiable[-1]:
            return tf.cast(self._plain(inputs, mask), self.compute_dtype)
        if compiled:
            keep = training is not None and training is not False
            states = recurrence(self.cell, *self._projected(inputs, mask), keep=keep)
            return tf.cast(states, self.compute_dtype)
        if self.implementation == "loop":
            return tf.cast(loop_recurrence(self.cell, *self._projected(inputs, mask)), self.compute_dtype)
        outputs = self._keras(tf.cast(inputs, self.variable_dtype), mask=mask)
        return tf.cast(outputs * tf.cast(mask, outputs.dtype)[..., tf.newaxis], self.compute_dtype)

    def _plain(self, inputs: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Loops over the cells; for Keras' GRU and LSTM layers TensorFlow might choose a cuDNN kernel."""
        inputs = tf.cast(inputs, self.variable_dtype)
        sides = []
        for layer in (self._keras.forward_layer, self._keras.backward_layer):
            loop = tf.keras.layers.RNN(
                layer.cell, return_sequences=True, go_backwards=layer.go_backwards, dtype=self.variable_dtype
            )
            states = loop(inputs, mask=mask)  # (batch, length, units)
            sides.append(tf.reverse(states, [1]) if layer.go_backwards else states)
        outputs = tf.concat(sides, axis=-1)
        return outputs * tf.cast(mask, outputs.dtype)[..., tf.newaxis]

    def _projected(
        self, inputs: tf.Tensor, mask: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Arguments of ``models.recurrence``: projected inputs, recurrent kernels, biases, lengths."""
        cells = [self._keras.forward_layer.cell, self._keras.backward_layer.cell]
        kernel = tf.cast(tf.concat([cell.kernel for cell in cells], axis=1), self.compute_dtype)
        shape = tf.shape(inputs)
        flat = tf.reshape(tf.cast(inputs, self.compute_dtype), [-1, inputs.shape[-1]])
        projected = tf.cast(tf.matmul(flat, kernel), self.variable_dtype)  # (batch * length, 2 * gates)
        projected = tf.reshape(projected, [shape[0], shape[1], kernel.shape[-1]])
        recurrent = tf.stack([tf.convert_to_tensor(cell.recurrent_kernel) for cell in cells])
        gates = recurrent.shape[-1]
        biases = tf.stack([tf.reshape(tf.convert_to_tensor(cell.bias), [-1, gates]) for cell in cells])
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)  # (batch,)
        return projected, recurrent, biases, lengths

    def get_config(self) -> dict[str, Any]:
        own = {"cell": self.cell, "units": self.units, "implementation": self.implementation}
        return {**super().get_config(), **own}
