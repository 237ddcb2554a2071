"""What decides the contents of an export."""

from dataclasses import dataclass

FORMATS = ("savedmodel", "tflite", "onnx")
QUANTIZATIONS = ("none", "float16", "int8")


@dataclass(frozen=True)
class ExportConfig:
    """Options of ``--mode=export``; the defaults keep every number of the student."""

    float16_embeddings: bool = False  # word vectors in half the bytes; arithmetic stays float32
    max_words: int = 0  # keep the vectors of the N most frequent words of the training data; 0 = all
    hash_buckets: int = 0  # rows that words without a vector share by their hash (SavedModel); 0 = one row
    quantization: str = "none"  # none | float16 | int8: of the weights (TFLite and ONNX)
