"""Gradients of a model's probabilities by the word vectors that it reads (paper, section 4.2).

Words are discrete, so gradients are taken by their frozen vectors, which teacher and student share. A teacher
reads query and histories as one question; the student's gradients by these three texts are joined in the same
way, so that both can be compared token by token.
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
STACKED = "context"  # name of the parts in a model that reads them as rows of one batch

EPSILON = 1e-12  # in norms, whose gradient at zero would be infinite

Features = Mapping[str, tf.Tensor]
Outputs = Mapping[str, tf.Tensor]
Target = Callable[[Outputs], tf.Tensor]


class InputGradients(NamedTuple):
    """A model's gradients of each target by the word vectors of both texts, float32.

    Attributes:
        document: (targets, batch, doc_len, word_dim)
        question: (targets, batch, question_len, word_dim)
    """

    document: tf.Tensor
    question: tf.Tensor


def gradient_targets(
    labels: Mapping[str, tf.Tensor], options: DistillConfig, seed: tf.Tensor, rows: Optional[RowSample] = None
) -> list[Target]:
    """The functions of a model's outputs that are differentiated, each outputs -> float32, (batch,).

    In ``gradient_mode`` label they are log p[y] of start and end. In mode projection they are <v, p> for
    ``gradient_directions`` random unit vectors v for start and for end, drawn anew for every row and zero on
    padding (Czarnecki et al., 2017).

    Args:
        labels: ``start`` and ``end``, integer, (batch,).
        seed: int32, (2,), of the directions; models that are compared need the same seed.
        rows: which rows of a larger batch these are; None = all.
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
        read: a model; if the result is to be differentiated, it must be twice differentiable.
        features: with ``question``, and the ids of its parts.
    """
    gradients, _ = word_vector_gradients(read, features, targets)
    return by_text(gradients, features)


def word_vector_gradients(
    read: Callable[[Features], Outputs], features: Features, targets: Sequence[Target]
) -> tuple[list[dict[str, tf.Tensor]], dict[str, tf.Tensor]]:
    """For each target, the gradients by the vectors of every text looked up, by name; and these vectors.

    A row's probabilities depend on its own words only, so one gradient of a sum serves all rows.
    """
    with tf.GradientTape(persistent=True) as tape:
        with watching_word_vectors(tape) as watched:
            outputs = read(features)
        sums = [tf.reduce_sum(target(outputs)) for target in targets]
    vectors = dict(watched)
    return [tape.gradient(total, vectors, unconnected_gradients="zero") for total in sums], vectors


def by_text(gradients: Sequence[Mapping[str, tf.Tensor]], features: Features) -> InputGradients:
    """Turn gradients by looked-up texts into those by document and question, float32, zero on padding."""
    found = []
    for of_target in gradients:
        by = unstacked(of_target)
        if "question" not in by:
            masks = [features[name] > 0 for name in PARTS]
            parts = [by[name][:, : tf.shape(features[name])[1]] for name in PARTS]
            by["question"] = join_texts(parts, masks, tf.shape(features["question"])[1])
        # What a model does on padding must not count.
        real = {name: tf.cast(features[name] > 0, tf.float32) for name in ("document", "question")}
        found.append([by[name] * mask[..., tf.newaxis] for name, mask in real.items()])
    return InputGradients(*(tf.stack(text) for text in zip(*found)))


def unstacked(by: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Gradients by text, in float32; texts that the model stacked are separate again."""
    found = {name: tf.cast(gradient, tf.float32) for name, gradient in by.items()}
    if STACKED in found:
        found.update(zip(PARTS, tf.split(found.pop(STACKED), len(PARTS))))
    return found


def unit_directions(mask: tf.Tensor, seed: tf.Tensor, rows: Optional[RowSample] = None) -> tf.Tensor:
    """A random unit vector over the real tokens of each row: bool (batch, length) -> float32, same shape.

    Args:
        rows: which rows of a larger batch these are; they get the same vectors as in that batch.
    """
    shape = tf.shape(mask)
    if rows is None:
        noise = tf.random.stateless_normal(shape, seed)
    else:
        noise = tf.gather(tf.random.stateless_normal([rows.total, shape[1]], seed), rows.in_batch)
    noise *= tf.cast(mask, tf.float32)
    return noise * tf.math.rsqrt(tf.reduce_sum(noise**2, axis=1, keepdims=True) + EPSILON)
