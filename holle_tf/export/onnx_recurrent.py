"""A bidirectional GRU or LSTM as one node of an ONNX graph."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from holle_tf.export.onnx_graph import Graph
from holle_tf.export.student import RecurrentLayer


def bidirectional(
    g: Graph, name: str, layers: Sequence[RecurrentLayer], inputs: str, lengths: str
) -> tuple[str, str]:
    """Add stacked bidirectional layers.

    Args:
        g: the graph.
        name: prefix of the weights' names.
        layers: from the inputs upwards.
        inputs: float (batch, length, features).
        lengths: int32 (batch,), at least 1.

    Returns:
        States (batch, length, 2*units), and last states (2, batch, units), of the topmost layer.
    """
    final = ""
    states = g.op("Transpose", inputs, perm=[1, 0, 2])
    for i, layer in enumerate(layers):
        states, final = _layer(g, f"{name}_{i}", layer, states, lengths)
        states = g.op("Transpose", states, perm=[0, 2, 1, 3])  # (length, batch, 2, units)
        states = g.op("Reshape", states, g.constant([0, 0, 2 * layer.units]))
    return g.op("Transpose", states, perm=[1, 0, 2]), final


def _layer(g: Graph, name: str, layer: RecurrentLayer, inputs: str, lengths: str) -> list[str]:
    """(length, batch, features) to states (length, 2, batch, units) and last states (2, batch, units)."""
    kernel, recurrent, bias = (_onnx_gates(part, layer.cell) for part in layer[:3])
    of_state = bias[:, 1] if layer.cell == "gru" else np.zeros_like(bias[:, 0])
    inputs_of_node = [
        inputs,
        g.weight(f"{name}_kernel", kernel.transpose(0, 2, 1)),
        g.weight(f"{name}_recurrent", recurrent.transpose(0, 2, 1)),
        g.weight(f"{name}_bias", np.concatenate([bias[:, 0], of_state], axis=-1)),
        lengths,
    ]
    options = {"linear_before_reset": 1} if layer.cell == "gru" else {}
    outputs = 2 if layer.cell == "gru" else 3
    states, final, *_ = g.op(
        layer.cell.upper(),
        *inputs_of_node,
        outputs=outputs,
        hidden_size=layer.units,
        direction="bidirectional",
        **options,
    )
    return [states, final]


def _onnx_gates(values: np.ndarray, cell: str) -> np.ndarray:
    """Gates of the last axis in ONNX' order. A GRU's is Keras' own; an LSTM has its last gate second."""
    if cell == "gru":
        return values
    enter, forget, candidate, leave = np.split(values, 4, axis=-1)
    return np.concatenate([enter, leave, forget, candidate], axis=-1)
