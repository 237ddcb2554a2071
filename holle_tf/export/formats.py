"""The formats of exports. A new one is a file that writes it and reads it back, and a row here.

Functions are named as ``"module:function"``, so the formats are known without importing TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pkgutil import resolve_name
from typing import Any, Callable

from holle_tf.options.export import ExportConfig
from pipelines.errors import UserError


@dataclass(frozen=True)
class ExportFormat:
    """A format of exports.

    Attributes:
        name: value of ``--format``, and name of the folder.
        title: for people.
        write: names the function (``Student``, folder, ``ExportConfig``) -> None, which writes to an
            existing folder.
        read: names the function (folder, threads) -> ``readback.Read``, which loads what ``write`` wrote.
        options: names of the fields of ``ExportConfig`` that change the export.
        ignored: names of those that change nothing. All others must keep their default.
        instead: what to do in place of an option that must keep its default, for the error message.
        read_halves: names a function like ``read``, which reads the document and then answers; empty = there
            are no such halves.
    """

    name: str
    title: str
    write: str
    read: str
    options: tuple[str, ...] = ("max_words",)
    ignored: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    read_halves: str = ""

    @property
    def writer(self) -> Callable[..., None]:
        """The function that ``write`` names."""
        return resolve_name(self.write)

    @property
    def reader(self) -> Callable[..., Any]:
        """The function that ``read`` names."""
        return resolve_name(self.read)

    def has_halves(self, options: ExportConfig) -> bool:
        """Whether an export can read a document once and answer many questions about it."""
        return bool(self.read_halves) and options.document_states != "none"

    def check(self, options: ExportConfig) -> None:
        """Raise a UserError if the format does not have an option that is set."""
        defaults = asdict(ExportConfig())
        for name, value in asdict(options).items():
            if value != defaults[name] and name not in (*self.options, *self.ignored):
                instead = self.instead.get(
                    name, f"--format={self.name} does not have it; set it to {defaults[name]}"
                )
                raise UserError(f"export.{name}: {instead}.")

    def values(self, options: ExportConfig) -> dict[str, Any]:
        """The options that change the export, for the model card."""
        return {name: value for name, value in asdict(options).items() if name in self.options}


FORMATS: dict[str, ExportFormat] = {}


def register_export_format(new: ExportFormat) -> None:
    """Make a format known as ``--format=<new.name>``.

    Raises:
        ValueError: another format has that name.
    """
    if FORMATS.setdefault(new.name, new) is not new:
        raise ValueError(f"two export formats are called {new.name!r}")


def find_format(name: str) -> ExportFormat:
    """The format of a name.

    Raises:
        UserError: there is none.
    """
    if name not in FORMATS:
        raise UserError(f"--format={name}: not among the choices ({', '.join(FORMATS)}).")
    return FORMATS[name]


for _format in (
    ExportFormat(
        name="savedmodel",
        title="SavedModel",
        write="holle_tf.export.savedmodel:export_savedmodel",
        read="holle_tf.export.savedmodel:read_savedmodel",
        options=("float16_embeddings", "max_words", "hash_buckets", "document_states"),
        ignored=("quantization",),
        read_halves="holle_tf.export.savedmodel_halves:read_savedmodel_halves",
    ),
    ExportFormat(
        name="tflite",
        title="TensorFlow Lite",
        write="holle_tf.export.tflite:export_tflite",
        read="holle_tf.export.tflite:read_tflite",
        options=("max_words", "quantization", "document_states"),
        instead={
            "hash_buckets": "a client of --format=tflite looks words up itself; set it to 0",
            "float16_embeddings": "with --format=tflite, set export.quantization=float16 instead",
        },
        read_halves="holle_tf.export.tflite_halves:read_tflite_halves",
    ),
    ExportFormat(
        name="onnx",
        title="ONNX",
        write="holle_tf.export.onnx_student:export_onnx",
        read="holle_tf.export.onnx_student:read_onnx",
        options=("float16_embeddings", "max_words", "quantization", "document_states"),
        instead={"hash_buckets": "a client of --format=onnx looks words up itself; set it to 0"},
        read_halves="holle_tf.export.onnx_halves:read_halves",
    ),
):
    register_export_format(_format)
