"""Options of exports."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option

QUANTIZATIONS = ("none", "float16", "int8")
STATES = ("float32", "float16", "none")


@dataclass(frozen=True)
class ExportConfig:
    """What ``--mode=export`` leaves out; by default, every number of the student stays."""

    float16_embeddings: bool = option(False, "store word vectors in half the bytes; arithmetic stays float32")
    max_words: int = option(0, "keep the vectors of the N most frequent words of the training data; 0 = all")
    hash_buckets: int = option(
        0, "rows that words without a vector share by their hash (SavedModel); 0 = one row"
    )
    quantization: str = option(
        "none", "number format of the weights (TFLite and ONNX)", choices=QUANTIZATIONS
    )
    document_states: str = option(
        "float32",
        "number format of what is kept of a document; none = no graphs that keep it",
        choices=STATES,
    )
