"""All terms of the distillation objective; importing this module registers them.

The functions of the controls are in ``control_terms``, the registry itself is in ``term_registry``. Others
import the registry's names from here, so that they find it filled.
"""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf

from holle_tf.distill import control_terms  # noqa: F401  registers its terms
from holle_tf.distill.gradient_distance import SECOND_ORDER, squared_distance
from holle_tf.distill.hallucination import HALLUCINATED
from holle_tf.distill.input_gradients import InputGradients, gradient_targets, input_gradients
from holle_tf.distill.losses import (
    ensemble_divergence,
    label_cross_entropy,
    mean_direction_cosine,
    teacher_divergence,
    top_k_divergence,
)
from holle_tf.distill.row_sample import sample_rows
from holle_tf.distill.shares import EXAMPLES
from holle_tf.distill.term_registry import (
    MATCHED,
    PAPER_K,
    SUMMARIES,
    TERMS,
    Batch,
    Outputs,
    Reader,
    check_cached_positions,
    default_top_k,
    needs,
    register_term,
    rows_of,
    value_of,
    want_teachers,
)
from holle_tf.models.outputs import EDGES

__all__ = [
    "MATCHED",
    "PAPER_K",
    "SUMMARIES",
    "TERMS",
    "Batch",
    "Outputs",
    "Reader",
    "check_cached_positions",
    "default_top_k",
    "needs",
    "register_term",
    "rows_of",
    "value_of",
    "want_teachers",
]
_ROW_SEED = (1000, 0)  # added to the seed that chooses rows, so that the choice is independent of other draws


@register_term("labels", "labels_weight", needs=["labels"])
def labels(batch: Batch) -> tf.Tensor:
    """Terms 2 and 4 of equation (1): D(y_b || p^S_b) + D(y_e || p^S_e), float32, (batch,)."""
    mask = batch.student["document_mask"]
    return sum(
        label_cross_entropy(batch.student[f"{edge}_logits"], batch.labels[edge], mask) for edge in EDGES
    )


@register_term("teacher", "teacher_weight", ["temperature"], needs=["teacher"])
def teacher(batch: Batch) -> tf.Tensor:
    """Terms 1 and 3 of equation (1), summed over teachers: D(p^T || p^S), float32, (batch,)."""
    return _divergence(batch.student, batch.teachers, batch.options.temperature)


@register_term("topk", "teacher_weight", ["temperature", "top_k"], needs=["teacher"], positions="top_k")
def topk(batch: Batch) -> tf.Tensor:
    """Equation (2): D(p^T || p^S) over the k positions that the teacher likes best, float32, (batch,)."""
    mask = batch.student["document_mask"]
    return sum(
        top_k_divergence(
            batch.student[f"{edge}_logits"], scores[f"{edge}_logits"], mask,
            batch.options.top_k, batch.options.temperature, batch.null,
        )
        for scores in batch.teachers
        for edge in EDGES
    )  # fmt: skip


@register_term("ensemble", "teacher_weight", ["temperature"], needs=["teacher"])
def ensemble(batch: Batch) -> tf.Tensor:
    """D(mean of the teachers' probabilities || p^S) of both ends (section 4.2), float32, (batch,)."""
    return sum(
        ensemble_divergence(
            batch.student[f"{edge}_logits"],
            [scores[f"{edge}_logits"] for scores in batch.teachers],
            batch.student["document_mask"],
            batch.options.temperature,
        )
        for edge in EDGES
    )


@register_term(
    "hallucinated",
    "hallucinated_weight",
    ["hallucinated_share", "temperature"],
    needs=["reader", "hallucinated"],
)
def hallucinated(batch: Batch) -> tf.Tensor:
    """The teacher's terms on reordered examples (section 4.2), float32, (hallucinated examples,)."""
    features = {
        name[len(HALLUCINATED) :]: tensor
        for name, tensor in batch.features.items()
        if name.startswith(HALLUCINATED)
    }
    teachers = [reader(features) for reader in batch.readers if reader is not None]
    return _divergence(batch.read(features), teachers, batch.options.temperature)


@register_term(
    "gradient",
    "gradient_weight",
    ["gradient_mode", "gradient_directions", "gradient_normalised", "gradient_share", "second_order"],
    needs=["reader"],
)
def gradient(batch: Batch) -> tf.Tensor:
    """Sobolev term, ||grad p^T - grad p^S||^2 of both ends (section 4.2), float32, (batch,).

    Gradients are taken by the word vectors, which teacher and student share token by token. If only a share
    of the examples is computed, the others are zero and the mean stays the same in expectation.
    """
    options = batch.options
    rows = sample_rows(
        tf.shape(batch.features["document"])[0],
        options.gradient_share,
        batch.seed + _ROW_SEED,
        None if batch.share is None else batch.share[EXAMPLES],
    )
    features = rows.of(
        {name: ids for name, ids in batch.features.items() if not name.startswith(HALLUCINATED)}
    )
    labels = {edge: batch.labels[edge] for edge in EDGES} if options.gradient_mode == "label" else {}
    targets = gradient_targets(rows.of(labels), options, batch.seed, rows)
    others = [input_gradients(reader, features, targets) for reader in batch.readers if reader is not None]

    def distance(own: InputGradients) -> tf.Tensor:
        return tf.add_n([squared_distance(own, other, options.gradient_normalised) for other in others])

    values = SECOND_ORDER[options.second_order](batch.differentiate, features, targets, distance)
    return rows.spread(values)


@register_term("conicity", "conicity_weight", needs=["summaries"])
def conicity(batch: Batch) -> tf.Tensor:
    """Cosine of h^P and of h^R with their means over the batch (section 4.1 as a loss), float32, (batch,)."""
    vectors = [batch.student[name] for name in SUMMARIES]
    return sum(mean_direction_cosine(vector, batch.mean(vector)) for vector in vectors)


@register_term("matching", "matching_weight", needs=["projection", "summaries"])
def matching(batch: Batch) -> tf.Tensor:
    """Mean squared distance of [h^P; h^R], projected, to every teacher's h~, float32, (batch,).

    After the hints of Romero et al., 2015.
    """
    own = tf.concat([batch.student[name] for name in SUMMARIES], axis=-1)
    distances = []
    for reader, project in zip(batch.readers, batch.projections):
        if reader is not None:
            wanted = tf.stop_gradient(reader(batch.features)[MATCHED])
            distances.append(tf.reduce_mean((project(own) - wanted) ** 2, axis=-1))
    return tf.add_n(distances)


def _divergence(student: Outputs, teachers: Sequence[Outputs], temperature: float) -> tf.Tensor:
    mask = student["document_mask"]
    return sum(
        teacher_divergence(student[f"{edge}_logits"], scores[f"{edge}_logits"], mask, temperature)
        for scores in teachers
        for edge in EDGES
    )
