"""Gradients of a model's probabilities with respect to the word vectors that it read (paper, section 4.2).

Words are discrete, so the input to differentiate by is their frozen vectors, which teacher and student
have in common. A teacher reads query and histories as one question; the student's gradients of these three
texts are joined in the same way, so that both are compared token by token.
"""

from __future__ import annotations

from typing import Callable, Mapping, NamedTuple, Optional

import tensorflow as tf

from holle_tf.distill.config import DistillConfig
from holle_tf.distill.losses import log_probabilities
from holle_tf.distill.shares import Rows
from holle_tf.models.layers.joined_texts import join_texts
from holle_tf.models.layers.word_embedding import watching_word_vectors
from holle_tf.models.outputs import EDGES
from pipelines.records import INPUTS

PARTS = INPUTS["question"]

EPSILON = 1e-12  # in norms, whose gradient at zero would be infinite


class InputGradients(NamedTuple):
    """Gradients of one model, float32: of each target and edge, by the vectors of both texts.

    Attributes:
        document: (targets, batch, doc_len, word_dim)
        question: (targets, batch, question_len, word_dim)
    """

    document: tf.Tensor
    question: tf.Tensor


def input_gradients(
    read: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    features: Mapping[str, tf.Tensor],
    labels: Mapping[str, tf.Tensor],
    options: DistillConfig,
    seed: tf.Tensor,
    rows: Optional[Rows] = None,
) -> InputGradients:
    """Gradients of ``options.gradient_mode`` by word vectors.

    The targets are log p[y] of start and end (label), or <v, p> for ``gradient_directions`` random unit
    vectors v of each end, drawn for every row anew and zero on padding (projection; Czarnecki et al., 2017).
    A row's probabilities depend on its own words only, so one gradient of a sum serves all rows.

    Args:
        read: a model; to be differentiated again, it has to be twice differentiable.
        features: with ``question``, and the ids of its parts.
        labels: ``start`` and ``end``, integer, (batch,).
        seed: int32, (2,), of the directions; the same for all models that are compared.
        rows: which of a larger batch these are; None = all.
    """
    with tf.GradientTape(persistent=True) as tape:
        with watching_word_vectors(tape) as watched:
            outputs = read(features)
        targets = []
        for i, edge in enumerate(EDGES):
            log_p = log_probabilities(outputs[f"{edge}_logits"], outputs["document_mask"])  # (batch, doc_len)
            if options.gradient_mode == "label":
                targets.append(tf.gather(log_p, labels[edge], axis=1, batch_dims=1))
                continue
            for k in range(options.gradient_directions):
                step = seed + tf.constant([i, k])
                v = unit_directions(outputs["document_mask"], step, rows)
                targets.append(tf.reduce_sum(v * tf.exp(log_p), axis=1))
        sums = [tf.reduce_sum(target) for target in targets]
    names = list(watched)
    found = []
    for total in sums:
        by = tape.gradient(total, [watched[name] for name in names], unconnected_gradients="zero")
        found.append(_texts(dict(zip(names, by)), features))
    return InputGradients(*(tf.stack(text) for text in zip(*found)))


def squared_distance(own: InputGradients, other: InputGradients, normalised: bool) -> tf.Tensor:
    """||own - other||^2 for each example, summed over targets: float32, (batch,). ``other`` is a constant.

    Args:
        normalised: both gradients are divided by their norm over a row first.
    """
    total = 0.0
    rows = []
    for gradients in (own, InputGradients(*(tf.stop_gradient(text) for text in other))):
        if normalised:
            norms = tf.add_n([tf.reduce_sum(text**2, axis=(2, 3), keepdims=True) for text in gradients])
            gradients = InputGradients(*(text * tf.math.rsqrt(norms + EPSILON) for text in gradients))
        rows.append(gradients)
    for text, text_other in zip(*rows):
        total += tf.reduce_sum((text - text_other) ** 2, axis=(0, 2, 3))
    return total


def unit_directions(mask: tf.Tensor, seed: tf.Tensor, rows: Optional[Rows] = None) -> tf.Tensor:
    """A random unit vector over the real tokens of each row: bool (batch, length) -> float32, same shape.

    Args:
        rows: which of a larger batch these are: they get what they would get there.
    """
    shape = tf.shape(mask)
    if rows is None:
        noise = tf.random.stateless_normal(shape, seed)
    else:
        noise = tf.random.stateless_normal([rows.total, shape[1]], seed)[rows.first : rows.first + shape[0]]
    noise *= tf.cast(mask, tf.float32)
    return noise * tf.math.rsqrt(tf.reduce_sum(noise**2, axis=1, keepdims=True) + EPSILON)


def _texts(gradients: dict[str, tf.Tensor], features: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Gradients by what a model read -> by document and by question, float32."""
    by = {name: tf.cast(gradient, tf.float32) for name, gradient in gradients.items()}
    if "question" not in by:
        if "context" in by:  # the three parts as rows of one batch
            by.update(zip(PARTS, tf.split(by["context"], len(PARTS))))
        masks = [features[name] > 0 for name in PARTS]
        parts = [by[name][:, : tf.shape(features[name])[1]] for name in PARTS]
        by["question"] = join_texts(parts, masks, tf.shape(features["question"])[1])
    # No model is to be judged by what it does on padding.
    return tuple(  # type: ignore[return-value]
        by[name] * tf.cast(features[name] > 0, tf.float32)[..., tf.newaxis]
        for name in ("document", "question")
    )
