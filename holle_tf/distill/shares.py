"""What each of several replicas reads of one batch, so that together they train as one.

The batch of an optimiser's step stays the same however many replicas share it: each takes some of its rows,
padded as the whole was, and knows how many rows there are in all. A mean over the batch is then a sum of what
the replicas add to it, also where they have unequal numbers of rows, or none.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

import tensorflow as tf

from holle_tf.distill.hallucination import HALLUCINATED

EXAMPLES, REORDERED = "examples", "hallucinated"


class Rows(NamedTuple):
    """Where the rows of one replica stand in the batch; scalars.

    Attributes:
        first: int32, the row of the batch that is its first.
        total: int32, rows of the whole batch.
        counted: float32, 1; or 0 of a replica for which none was left. It reads one of another's, so that no
            operation meets an empty tensor, and counts it for nothing.
    """

    first: tf.Tensor
    total: tf.Tensor
    counted: tf.Tensor


Share = Mapping[str, Rows]  # of EXAMPLES and, where there are any, of REORDERED


def share_of(features: Any, labels: Any, replicas: int, replica: int) -> tuple[Any, Any, dict[str, Rows]]:
    """The rows of one replica: features and labels of the same widths as the whole batch, and which they are.

    Args:
        features, labels: of the whole batch, rows first; hallucinated examples may be another number.
        replicas, replica: how many there are, and which of them this is, from 0.
    """
    share, slices = {}, {}
    for kind, rows in (
        (EXAMPLES, tf.shape(labels["start"])[0]),
        *((REORDERED, tf.shape(text)[0]) for name, text in features.items() if name.startswith(HALLUCINATED)),
    ):
        first, end = replica * rows // replicas, (replica + 1) * rows // replicas
        empty = first == end
        first, end = tf.where(empty, 0, first), tf.where(empty, 1, end)
        share[kind] = Rows(first, rows, 1.0 - tf.cast(empty, tf.float32))
        slices[kind] = slice(first, end)
    return (
        {
            name: text[slices[REORDERED if name.startswith(HALLUCINATED) else EXAMPLES]]
            for name, text in features.items()
        },
        {name: values[slices[EXAMPLES]] for name, values in labels.items()},
        share,
    )


def shares(batches: tf.data.Dataset, replicas: int, mine: range) -> tf.data.Dataset:
    """The shares of the replicas ``mine`` of every batch, one element after the other.

    Args:
        batches: of (features, labels).
        replicas: in all.
        mine: those of this process.
    """

    def split(features: Any, labels: Any) -> tf.data.Dataset:
        parts = [
            tf.data.Dataset.from_tensors(share_of(features, labels, replicas, replica)) for replica in mine
        ]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.concatenate(part)
        return whole

    if len(mine) == 1:
        return batches.map(lambda features, labels: share_of(features, labels, replicas, mine[0]))
    return batches.flat_map(split)


def part_of_mean(values: tf.Tensor, rows: Rows) -> tf.Tensor:
    """What these rows add to the mean over all rows of the batch.

    Args:
        values: float32, (rows here, ...).

    Returns:
        float32, (...); the sum over all replicas is the mean.
    """
    return tf.reduce_sum(values, axis=0) * rows.counted / tf.cast(rows.total, tf.float32)


def mean_of_batch(values: tf.Tensor, rows: Rows) -> tf.Tensor:
    """The mean over all rows of the batch, which every replica gets; differentiable through all of them.

    Has to be called by every replica, within its ``strategy.run``. As ``part_of_mean`` otherwise.
    """
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, part_of_mean(values, rows))
