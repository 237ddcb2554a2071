"""Strip a TensorFlow Lite file of what no interpreter reads: a third of an int8 student's bytes."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from tensorflow.lite.tools import flatbuffer_utils

_OF_OPERATORS = ("customOptions", "mutatingVariableInputs", "intermediates")


def compacted(contents: bytes) -> bytes:
    """The same model in fewer bytes: same signatures, weights, operations and numbers, bit for bit.

    The loops over the words are over a thousand small tensors, each of which the converter gives a name, a
    table of quantisation and a buffer of its own, mostly empty. Only the names of inputs and outputs are
    kept, and buffers with equal contents are stored once.

    Args:
        contents: of a ``.tflite`` file without custom buffers behind the flatbuffer (those of 2 GB and more).
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(contents))
    for number, graph in enumerate(model.subgraphs):
        seen = {*graph.inputs, *graph.outputs} if number == 0 else set()
        graph.name = None
        for place, tensor in enumerate(graph.tensors):
            if place not in seen:  # by these a client without signatures tells the inputs apart
                tensor.name = None
            if _says_nothing(tensor.quantization):
                tensor.quantization = None
            if _empty(tensor.shapeSignature):
                tensor.shapeSignature = None
        for operator in graph.operators:
            for field in _OF_OPERATORS:
                if _empty(getattr(operator, field)):
                    setattr(operator, field, None)
    _share_buffers(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _share_buffers(model: Any) -> None:
    """Let tensors with equal bytes use one buffer; those without a value use the first, always empty."""
    places: dict[bytes, int] = {}
    kept: list[Any] = []

    def place(old: int) -> int:
        data = model.buffers[old].data
        contents = b"" if data is None else bytes(data)
        if contents not in places:
            places[contents] = len(kept)
            kept.append(model.buffers[old])
        return places[contents]

    place(0)
    for holder in [tensor for graph in model.subgraphs for tensor in graph.tensors] + (model.metadata or []):
        holder.buffer = place(holder.buffer)
    model.buffers = kept


def _says_nothing(quantization: Any) -> bool:
    if quantization is None:
        return True
    return all(_empty(getattr(quantization, field)) for field in ("min", "max", "scale", "zeroPoint"))


def _empty(values: Optional[Sequence[Any]]) -> bool:
    return values is None or len(values) == 0
