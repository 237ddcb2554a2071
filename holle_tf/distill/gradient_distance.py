"""The Sobolev term, a distance of input gradients, and two ways to its own gradient by the weights.

The distance D is of gradients g of the student by its word vectors x. Its gradient by the weights w is
``r . dg/dw`` with ``r = dD/dg``. Nested tapes differentiate g once more, which takes operations that can be,
and several times the time. But g is itself a derivative, and so

    r . dg/dw  =  d/dw [dT(x + s r) / ds at s=0]  ~  d/dw [T(x + h r) - T(x - h r)] / 2h

for the target T that g is the gradient of: two more readings, of texts whose vectors are moved, and gradients
of first order alone.
"""

from __future__ import annotations

from typing import Callable, Mapping, Sequence

import tensorflow as tf

from holle_tf.distill.input_gradients import (
    EPSILON,
    PARTS,
    STACKED,
    Features,
    InputGradients,
    Outputs,
    Target,
    apart,
    by_text,
    input_gradients,
    word_vector_gradients,
)
from holle_tf.models.layers.word_embedding import moved_word_vectors
from holle_tf.models.outputs import EDGES

Distance = Callable[[InputGradients], tf.Tensor]  # of the student's gradients to those of its teachers
LOGITS = tuple(f"{edge}_logits" for edge in EDGES)
# Of the move, to the root mean square length of a document's word vectors. A smaller one loses digits to
# rounding, a larger one to the third derivative.
STEP = 0.02


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


def distance_by_tapes(
    read: Callable[[Features], Outputs], features: Features, targets: Sequence[Target], distance: Distance
) -> tf.Tensor:
    """``distance`` of the gradients of a model, to be differentiated by an outer tape: float32, (batch,).

    Args:
        read: the student, twice differentiable.
    """
    return distance(input_gradients(read, features, targets))


def distance_by_differences(
    read: Callable[[Features], Outputs], features: Features, targets: Sequence[Target], distance: Distance
) -> tf.Tensor:
    """The same values; their gradients by the weights are central differences of gradients of first order."""
    gradients, vectors = word_vector_gradients(read, features, targets)
    constants = [{name: tf.stop_gradient(one) for name, one in of_target.items()} for of_target in gradients]
    with tf.GradientTape() as tape:
        tape.watch(constants)
        value = distance(by_text(constants, features))  # (batch,)
        total = tf.reduce_sum(value)
    step = STEP * _word_length(vectors["document"], features["document"])  # (batch,)
    norms, offsets = [], []
    for slopes in tape.gradient(total, constants):
        norm, directions = _unit(apart(slopes))
        norms.append(norm)
        for sign in (1.0, -1.0):
            along = (sign * step)[:, tf.newaxis, tf.newaxis]
            offsets.append({name: along * direction for name, direction in directions.items()})
    outputs = _read_moved(read, features, offsets, stacked=STACKED in vectors)
    differences = [
        norm * (target(plus) - target(minus)) / (2.0 * step)
        for norm, target, plus, minus in zip(norms, targets, outputs[::2], outputs[1::2])
    ]
    slope = tf.add_n(differences)
    return tf.stop_gradient(value - slope) + slope  # the value of the one, the gradient of the other


def _word_length(vectors: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Root mean square length of the vectors of a row's words: float32, (batch,), a constant, never zero."""
    squares = tf.reduce_sum(tf.cast(vectors, tf.float32) ** 2, axis=(1, 2))
    words = tf.math.count_nonzero(ids, axis=1, dtype=tf.float32)
    return tf.stop_gradient(tf.sqrt(squares / tf.maximum(words, 1.0) + EPSILON))


def _unit(by: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Norm over all texts of a row, (batch,), and the texts divided by it."""
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(one**2, axis=(1, 2)) for one in by.values()]))
    inverse = tf.math.divide_no_nan(1.0, norm)[:, tf.newaxis, tf.newaxis]
    return norm, {name: one * inverse for name, one in by.items()}


def _read_moved(
    read: Callable[[Features], Outputs],
    features: Features,
    offsets: Sequence[Mapping[str, tf.Tensor]],
    stacked: bool,
) -> list[dict[str, tf.Tensor]]:
    """What is read with each of ``offsets`` added to the word vectors, all in one large batch."""
    count = len(offsets)
    moves = {name: tf.concat([one[name] for one in offsets], axis=0) for name in offsets[0]}
    if stacked:
        moves[STACKED] = tf.concat([moves.pop(name) for name in PARTS], axis=0)
    with moved_word_vectors(moves):
        outputs = read({name: tf.concat([one] * count, axis=0) for name, one in features.items()})
    blocks = {name: tf.split(outputs[name], count) for name in (*LOGITS, "document_mask")}
    return [{name: block[i] for name, block in blocks.items()} for i in range(count)]


SECOND_ORDER = {"tapes": distance_by_tapes, "differences": distance_by_differences}
