"""An ONNX export that answers chats as ``predict_stream`` gives them, without TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from holle_tf.evaluate.answers import Answer
from holle_tf.serve.onnx_backend import OnnxBackend
from pipelines.example import Example
from pipelines.files import file_sha256
from pipelines.readers.registry import reader_of


class ExportReader:
    """A folder that ``--mode=export --format=onnx`` wrote.

    Args:
        threads: that onnxruntime may use; 0 = as many as it likes.

    Raises:
        UserError: the folder is not such an export.
    """

    def __init__(self, folder: Path, threads: int = 0):
        self._backend = OnnxBackend(folder, threads=threads)

    def example(self, chat: Any) -> Example:
        """The example of a JSON object; a UserError if it has no document or query."""
        return reader_of(self._backend.data).chat(chat, self._backend.data)

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, which are read at once."""
        return self._backend.read(examples)


def export_identity(folder: Path) -> dict[str, Any]:
    """What decides the answers of an export."""
    names = ("model.onnx", "vocab.txt", "tokenizer.json")
    return {name: file_sha256(folder / name) for name in names}
