"""Terms of the controls: the teacher's term, without what only this teacher on this example could know.

A student that gains as much from a control has learned nothing else from its teacher.
"""

from __future__ import annotations

import tensorflow as tf

from holle_tf.distill.losses import smoothed_label_divergence, teacher_divergence
from holle_tf.distill.shares import EXAMPLES, rows_before, rows_in_batch
from holle_tf.distill.term_registry import Batch, register_term
from holle_tf.models.outputs import EDGES


@register_term("smoothed", "teacher_weight", ["temperature"], needs=["teacher", "labels"])
def smoothed(batch: Batch) -> tf.Tensor:
    """D(label smoothed to the entropy of p^T || p^S), both ends, summed over teachers, float32, (batch,)."""
    mask = batch.student["document_mask"]
    return sum(
        smoothed_label_divergence(
            batch.student[f"{edge}_logits"], scores[f"{edge}_logits"], batch.labels[edge], mask,
            batch.options.temperature,
        )
        for scores in batch.teachers
        for edge in EDGES
    )  # fmt: skip


@register_term("shuffled", "teacher_weight", ["temperature"], needs=["teacher"])
def shuffled(batch: Batch) -> tf.Tensor:
    """D(p^T of the example before || p^S), both ends, summed over teachers, float32, (batch,).

    Example i has the scores of example i - 1 of the whole batch, and the first those of the last, whichever
    replicas have them. Scores beyond the end of its own document are masked, and the rest is renormalised. A
    batch of a single example has no other to take scores from; its value is zero.
    """
    rows = None if batch.share is None else batch.share[EXAMPLES]
    mask = batch.student["document_mask"]
    values = [
        teacher_divergence(
            batch.student[f"{edge}_logits"], rows_before(scores[f"{edge}_logits"], rows), mask,
            batch.options.temperature,
        )
        for scores in batch.teachers
        for edge in EDGES
    ]  # fmt: skip
    several = rows_in_batch(values[0], rows) > 1
    return tf.add_n(values) * tf.cast(several, tf.float32)
