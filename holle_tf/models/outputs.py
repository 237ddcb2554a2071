"""What every span model returns, by name."""

from __future__ import annotations

import tensorflow as tf

EDGES = ("start", "end")  # of a span, both inclusive

# Vectors of which conicity is measured (paper, section 4.1), by the model that returns them.
CONICITY_VECTORS = ("prober_vector", "responder_vector", "query_to_context", "similarity_row_sums")


def span_outputs(
    start_logits: tf.Tensor, end_logits: tf.Tensor, document_mask: tf.Tensor, **vectors: tf.Tensor
) -> dict[str, tf.Tensor]:
    """The output structure of a span model.

    Args:
        start_logits, end_logits: (batch, doc_len), masked positions far below all others.
        document_mask: bool, (batch, doc_len), true on real tokens.
        vectors: (batch, size), keyed by names among ``CONICITY_VECTORS``.

    Returns:
        ``start_logits`` and ``end_logits`` in float32, ``document_mask``, and the vectors in float32.

    Raises:
        ValueError: a vector has an unknown name.
    """
    unknown = set(vectors) - set(CONICITY_VECTORS)
    if unknown:
        raise ValueError(f"not a vector of CONICITY_VECTORS: {sorted(unknown)}")
    return {
        "start_logits": _float32(start_logits, "start_logits"),
        "end_logits": _float32(end_logits, "end_logits"),
        "document_mask": document_mask,
        **{name: _float32(vector, name) for name, vector in vectors.items()},
    }


def _float32(tensor: tf.Tensor, name: str) -> tf.Tensor:
    # The name of this layer is the name that Keras gives to the output.
    return tf.keras.layers.Activation("linear", dtype="float32", name=name)(tensor)
