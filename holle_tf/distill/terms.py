"""Named terms of the distillation objective.

A term is a pure function of one batch that returns one value for each example. To add one: write the
function, decorate it with its name, and name it in a recipe.
"""

from __future__ import annotations

from typing import Callable, Mapping, NamedTuple, Sequence

import tensorflow as tf

from holle_tf.distill.losses import label_cross_entropy, teacher_divergence

Outputs = Mapping[str, tf.Tensor]  # of models.outputs.span_outputs


class Batch(NamedTuple):
    """What a term may look at.

    Attributes:
        student: outputs of the student in training.
        teachers: ``start_logits`` and ``end_logits`` (batch, doc_len) of every teacher.
        labels: ``start`` and ``end``, integer, (batch,).
        temperature: of the teacher terms.
    """

    student: Outputs
    teachers: Sequence[Outputs]
    labels: Mapping[str, tf.Tensor]
    temperature: float = 1.0


Term = Callable[[Batch], tf.Tensor]
TERMS: dict[str, Term] = {}


def term(name: str) -> Callable[[Term], Term]:
    """Register a function as the term called ``name``."""

    def register(function: Term) -> Term:
        if name in TERMS:
            raise ValueError(f"two terms are called {name!r}")
        TERMS[name] = function
        return function

    return register


@term("labels")
def labels(batch: Batch) -> tf.Tensor:
    """Terms 2 and 4 of equation (1): D(y_b || p^S_b) + D(y_e || p^S_e), float32, (batch,)."""
    mask = batch.student["document_mask"]
    return sum(
        label_cross_entropy(batch.student[f"{edge}_logits"], batch.labels[edge], mask)
        for edge in ("start", "end")
    )


@term("teacher")
def teacher(batch: Batch) -> tf.Tensor:
    """Terms 1 and 3 of equation (1), summed over teachers: D(p^T || p^S), float32, (batch,)."""
    mask = batch.student["document_mask"]
    return sum(
        teacher_divergence(batch.student[f"{edge}_logits"], one[f"{edge}_logits"], mask, batch.temperature)
        for one in batch.teachers
        for edge in ("start", "end")
    )
