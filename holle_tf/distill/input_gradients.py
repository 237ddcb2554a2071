"""Gradients of a model's probabilities with respect to the word vectors that it read (paper, section 4.2).

Words are discrete, so the input to differentiate by is their frozen vectors, which teacher and student
have in common. A teacher reads query and histories as one question; the student's gradients of these three
texts are joined in the same way, so that both are compared token by token.
"""

from __future__ import annotations

from functools import partial
from typing import Callable, Mapping, NamedTuple, Optional, Sequence

import tensorflow as tf

from holle_tf.distill.joined_texts import join_texts
from holle_tf.distill.losses import log_probabilities
from holle_tf.distill.row_sample import RowSample
from holle_tf.models.layers.word_embedding import watching_word_vectors
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import DistillConfig
from pipelines.records import INPUTS

PARTS = INPUTS["question"]
STACKED = "context"  # the name of the parts where a model reads them as rows of one batch

EPSILON = 1e-12  # in norms, whose gradient at zero would be infinite

Features = Mapping[str, tf.Tensor]
Outputs = Mapping[str, tf.Tensor]
Target = Callable[[Outputs], tf.Tensor]


class InputGradients(NamedTuple):
    """Gradients of one model, float32: of each target, by the vectors of both texts.

    Attributes:
        document: (targets, batch, doc_len, word_dim)
        question: (targets, batch, question_len, word_dim)
    """

    document: tf.Tensor
    question: tf.Tensor


def gradient_targets(
    labels: Mapping[str, tf.Tensor], options: DistillConfig, seed: tf.Tensor, rows: Optional[RowSample] = None
) -> list[Target]:
    """What is differentiated, of ``options.gradient_mode``: functions of its outputs -> float32, (batch,).

    They are log p[y] of start and end (label), or <v, p> for ``gradient_directions`` random unit vectors v of
    each end, drawn for every row anew and zero on padding (projection; Czarnecki et al., 2017).

    Args:
        labels: ``start`` and ``end``, integer, (batch,).
        seed: int32, (2,), of the directions; the same for all models that are compared.
        rows: which of a larger batch these are; None = all.
    """

    def label(edge: str, outputs: Outputs) -> tf.Tensor:
        log_p = log_probabilities(outputs[f"{edge}_logits"], outputs["document_mask"])  # (batch, doc_len)
        return tf.gather(log_p, labels[edge], axis=1, batch_dims=1)

    def projection(edge: str, step: tf.Tensor, outputs: Outputs) -> tf.Tensor:
        mask = outputs["document_mask"]
        log_p = log_probabilities(outputs[f"{edge}_logits"], mask)  # (batch, doc_len)
        return tf.reduce_sum(unit_directions(mask, step, rows) * tf.exp(log_p), axis=1)

    if options.gradient_mode == "label":
        return [partial(label, edge) for edge in EDGES]
    return [
        partial(projection, edge, seed + tf.constant([i, k]))
        for i, edge in enumerate(EDGES)
        for k in range(options.gradient_directions)
    ]


def input_gradients(
    read: Callable[[Features], Outputs], features: Features, targets: Sequence[Target]
) -> InputGradients:
    """Gradients of every target by the word vectors.

    Args:
        read: a model; to be differentiated again, it has to be twice differentiable.
        features: with ``question``, and the ids of its parts.
    """
    gradients, _ = word_vector_gradients(read, features, targets)
    return by_text(gradients, features)


def word_vector_gradients(
    read: Callable[[Features], Outputs], features: Features, targets: Sequence[Target]
) -> tuple[list[dict[str, tf.Tensor]], dict[str, tf.Tensor]]:
    """Of each target, the gradients by the vectors of every text that was looked up, by name; the vectors.

    A row's probabilities depend on its own words only, so one gradient of a sum serves all rows.
    """
    with tf.GradientTape(persistent=True) as tape:
        with watching_word_vectors(tape) as watched:
            outputs = read(features)
        sums = [tf.reduce_sum(target(outputs)) for target in targets]
    vectors = dict(watched)
    return [tape.gradient(total, vectors, unconnected_gradients="zero") for total in sums], vectors


def by_text(gradients: Sequence[Mapping[str, tf.Tensor]], features: Features) -> InputGradients:
    """Gradients by what a model looked up -> by document and by question, float32, zero on padding."""
    found = []
    for of_target in gradients:
        by = apart(of_target)
        if "question" not in by:
            masks = [features[name] > 0 for name in PARTS]
            parts = [by[name][:, : tf.shape(features[name])[1]] for name in PARTS]
            by["question"] = join_texts(parts, masks, tf.shape(features["question"])[1])
        # No model is to be judged by what it does on padding.
        real = {name: tf.cast(features[name] > 0, tf.float32) for name in ("document", "question")}
        found.append([by[name] * mask[..., tf.newaxis] for name, mask in real.items()])
    return InputGradients(*(tf.stack(text) for text in zip(*found)))


def apart(by: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Texts in float32, each with the rows of the batch, also those that a model stacked."""
    found = {name: tf.cast(one, tf.float32) for name, one in by.items()}
    if STACKED in found:
        found.update(zip(PARTS, tf.split(found.pop(STACKED), len(PARTS))))
    return found


def unit_directions(mask: tf.Tensor, seed: tf.Tensor, rows: Optional[RowSample] = None) -> tf.Tensor:
    """A random unit vector over the real tokens of each row: bool (batch, length) -> float32, same shape.

    Args:
        rows: which of a larger batch these are: they get what they would get there.
    """
    shape = tf.shape(mask)
    if rows is None:
        noise = tf.random.stateless_normal(shape, seed)
    else:
        noise = tf.gather(tf.random.stateless_normal([rows.total, shape[1]], seed), rows.in_batch)
    noise *= tf.cast(mask, tf.float32)
    return noise * tf.math.rsqrt(tf.reduce_sum(noise**2, axis=1, keepdims=True) + EPSILON)
