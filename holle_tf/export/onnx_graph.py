"""Nodes and weights of an ONNX graph, written down one by one."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8  # what onnxruntime 1.12 and later read
QUANTIZED_SIZE = 256  # scalars; smaller weights stay float32


class Graph:
    """Collects nodes; a tensor is known by its name.

    Args:
        quantization: none | float16 | int8: how weights are stored. They become float32 again when the file
            is loaded, so that all arithmetic is float32.
    """

    def __init__(self, quantization: str):
        self.quantization = quantization
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._weights: dict[str, str] = {}

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; the name of its output, or a list of them if it has several."""
        names = [f"{kind.lower()}_{len(self._nodes)}_{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, name=names[0], **attributes))
        return names if outputs > 1 else names[0]

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        """A small constant, stored as it is."""
        array = np.asarray(values, dtype)
        name = f"constant_{array.dtype}_{'x'.join(map(str, array.shape))}_{'_'.join(map(str, array.ravel()))}"
        self._store(name, array)
        return name

    def weight(self, name: str, values: np.ndarray) -> str:
        """A weight as a float32 tensor; one of the same name is stored once."""
        if name not in self._weights:
            self._weights[name] = self._dequantized(name, np.asarray(values, np.float32))
        return self._weights[name]

    def rows(self, name: str, matrix: np.ndarray, places: str) -> str:
        """Rows of a matrix as float32: (rows, n) and int32 places of any shape to places' shape and n."""
        if self.quantization == "int8":
            whole, scale = quantize_rows(np.asarray(matrix, np.float32))
            stored = self.op("Gather", self._store(name, whole), places)
            scales = self.op("Gather", self._store(f"{name}_scale", scale), places)
            return self.op("Mul", self.op("Cast", stored, to=TensorProto.FLOAT), scales)
        half = self.quantization == "float16" or matrix.dtype == np.float16
        stored = self._store(name, np.asarray(matrix, np.float16 if half else np.float32))
        found = self.op("Gather", stored, places)
        return self.op("Cast", found, to=TensorProto.FLOAT) if half else found

    def model(
        self,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: dict[str, tuple[str, onnx.ValueInfoProto]],
        text: str,
    ) -> onnx.ModelProto:
        """The finished, checked model; ``outputs``: name -> (tensor, what it is)."""
        for name, (tensor, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [tensor], [name], name=name))
        nodes, read = self._needed(outputs)
        graph = helper.make_graph(
            nodes,
            "student",
            inputs,
            [info for _, info in outputs.values()],
            [tensor for name, tensor in self._initializers.items() if name in read],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="holle_tf", doc_string=text
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _needed(self, outputs: Iterable[str]) -> tuple[list[onnx.NodeProto], set[str]]:
        """The nodes that the outputs depend on, and the tensors that these read.

        A runtime would compute the others too.
        """
        read, nodes = set(outputs), []
        for node in reversed(self._nodes):  # a node reads what earlier ones write
            if read.intersection(node.output):
                read.update(node.input)
                nodes.append(node)
        return nodes[::-1], read

    def _store(self, name: str, array: np.ndarray) -> str:
        if name not in self._initializers:
            self._initializers[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def _dequantized(self, name: str, array: np.ndarray) -> str:
        if self.quantization == "none" or array.size < QUANTIZED_SIZE:
            return self._store(name, array)
        if self.quantization == "float16":
            return self.op("Cast", self._store(name, array.astype(np.float16)), to=TensorProto.FLOAT)
        whole, scale = quantize_rows(array)
        # Of constants alone: onnxruntime computes this once, when it loads the file.
        floats = self.op("Cast", self._store(name, whole), to=TensorProto.FLOAT)
        return self.op("Mul", floats, self._store(f"{name}_scale", scale))


def quantize_rows(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 of the same shape, and float32 scales (..., 1): ``array`` is about their product.

    Symmetric, one scale for each vector of the last axis.
    """
    scale = np.abs(array).max(axis=-1, keepdims=True) / 127
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(array / scale).astype(np.int8), scale
