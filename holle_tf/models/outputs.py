"""What every span model returns, by name."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from holle_tf.models.layers.masking import masked_softmax

EDGES = ("start", "end")  # of a span, both inclusive

SPAN_OUTPUTS = ("start_logits", "end_logits", "document_mask")  # of every model; any other output is a vector


def span_outputs(
    start_logits: tf.Tensor, end_logits: tf.Tensor, document_mask: tf.Tensor, **vectors: tf.Tensor
) -> dict[str, tf.Tensor]:
    """The output structure of a span model.

    Args:
        start_logits, end_logits: (batch, doc_len), masked positions far below all others.
        document_mask: bool, (batch, doc_len), true on real tokens.
        vectors: (batch, size), as the model's row in the catalogue names them.

    Returns:
        ``start_logits`` and ``end_logits`` in float32, ``document_mask``, and the vectors in float32.
    """
    return {
        "start_logits": _float32(start_logits, "start_logits"),
        "end_logits": _float32(end_logits, "end_logits"),
        "document_mask": document_mask,
        **{name: _float32(vector, name) for name, vector in vectors.items()},
    }


def span_probabilities(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """How likely a span starts and ends at each word.

    Args:
        outputs: of a span model.

    Returns:
        ``start_probabilities`` and ``end_probabilities``, float32 (batch, doc_len), zero on padding.
    """
    mask = outputs["document_mask"]
    return {f"{edge}_probabilities": masked_softmax(outputs[f"{edge}_logits"], mask) for edge in EDGES}


def _float32(tensor: tf.Tensor, name: str) -> tf.Tensor:
    # The name of this layer is the name that Keras gives to the output.
    return tf.keras.layers.Activation("linear", dtype="float32", name=name)(tensor)
