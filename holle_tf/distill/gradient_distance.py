"""The Sobolev term, a distance between input gradients, and two ways to differentiate it by the weights.

The distance D is a function of the gradients g of the student by its word vectors x. The gradient of D by the
weights w is ``r . dg/dw`` with ``r = dD/dg``. Nested tapes differentiate g once more, which needs operations
that are twice differentiable, and takes several times as long. But g is itself a derivative, and so

    r . dg/dw  =  d/dw [dT(x + s r) / ds at s=0]  ~  d/dw [T(x + h r) - T(x - h r)] / 2h

for the target T whose gradient is g. This takes two more readings, of texts whose vectors are moved, and only
first-order gradients.
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
    by_text,
    input_gradients,
    unstacked,
    word_vector_gradients,
)
from holle_tf.models.layers.word_embedding import moved_word_vectors
from holle_tf.models.outputs import EDGES

Distance = Callable[[InputGradients], tf.Tensor]  # of the student's gradients to those of its teachers
LOGITS = tuple(f"{edge}_logits" for edge in EDGES)
# Length of the move, relative to the root mean square length of a document's word vectors. A longer move
# loses digits to the third derivative, which grows in training: 0.02 is off by 7 to 11 % on trained students,
# always in the same direction. A shorter one loses them to rounding. This one stays within 0.4 % of nested
# tapes before and after training (``python -m benchmarks.second_gradients``).
STEP = 0.002


def squared_distance(own: InputGradients, other: InputGradients, normalised: bool) -> tf.Tensor:
    """||own - other||^2 for each example, summed over targets: float32, (batch,). ``other`` is a constant.

    Args:
        normalised: first divide both gradients by their norm over a row.
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
    """The values of ``distance_by_tapes``, differentiated by central differences of first-order gradients."""
    gradients, vectors = word_vector_gradients(read, features, targets)
    constants = [
        {name: tf.stop_gradient(gradient) for name, gradient in of_target.items()} for of_target in gradients
    ]
    with tf.GradientTape() as tape:
        tape.watch(constants)
        value = distance(by_text(constants, features))  # (batch,)
        total = tf.reduce_sum(value)
    step = STEP * _word_length(vectors["document"], features["document"])  # (batch,)
    norms, offsets = [], []
    for slopes in tape.gradient(total, constants):
        norm, directions = _normalised(unstacked(slopes))
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
    return tf.stop_gradient(value - slope) + slope  # the value of `value` with the gradient of `slope`


def _word_length(vectors: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Root mean square length of the vectors of a row's words: float32, (batch,), a constant, never zero."""
    squares = tf.reduce_sum(tf.cast(vectors, tf.float32) ** 2, axis=(1, 2))
    words = tf.math.count_nonzero(ids, axis=1, dtype=tf.float32)
    return tf.stop_gradient(tf.sqrt(squares / tf.maximum(words, 1.0) + EPSILON))


def _normalised(gradients: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Norm over all texts of each row, (batch,), and the gradients divided by it."""
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(gradient**2, axis=(1, 2)) for gradient in gradients.values()]))
    inverse = tf.math.divide_no_nan(1.0, norm)[:, tf.newaxis, tf.newaxis]
    return norm, {name: gradient * inverse for name, gradient in gradients.items()}


def _read_moved(
    read: Callable[[Features], Outputs],
    features: Features,
    offsets: Sequence[Mapping[str, tf.Tensor]],
    stacked: bool,
) -> list[dict[str, tf.Tensor]]:
    """The outputs with each of ``offsets`` added to the word vectors, all read as one large batch."""
    count = len(offsets)
    moves = {name: tf.concat([offset[name] for offset in offsets], axis=0) for name in offsets[0]}
    if stacked:
        moves[STACKED] = tf.concat([moves.pop(name) for name in PARTS], axis=0)
    with moved_word_vectors(moves):
        outputs = read({name: tf.concat([ids] * count, axis=0) for name, ids in features.items()})
    blocks = {name: tf.split(outputs[name], count) for name in (*LOGITS, "document_mask")}
    return [{name: block[i] for name, block in blocks.items()} for i in range(count)]


SECOND_ORDER = {"tapes": distance_by_tapes, "differences": distance_by_differences}
