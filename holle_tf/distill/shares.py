"""Shares of a batch, one for each replica, so that replicas together train like a single one.

The batch of an optimiser's step stays the same however many replicas share it: each takes some of the rows,
padded like the whole batch, and knows how many rows there are in all. A mean over the batch is then the sum
of the replicas' contributions, even if they have unequal numbers of rows, or none.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional

import tensorflow as tf

from holle_tf.distill.hallucination import HALLUCINATED

EXAMPLES, REORDERED = "examples", "hallucinated"


class Rows(NamedTuple):
    """The rows of one replica in the batch; scalars.

    Attributes:
        first: int32, position of its first row in the batch.
        total: int32, number of rows of the whole batch.
        counted: float32, 1; or 0 for a replica without rows. It reads another replica's row, so that
            operations do not meet an empty tensor, and gives it no weight.
    """

    first: tf.Tensor
    total: tf.Tensor
    counted: tf.Tensor


Share = Mapping[str, Rows]  # of EXAMPLES and, where there are any, of REORDERED


def share_of(features: Any, labels: Any, replicas: int, replica: int) -> tuple[Any, Any, dict[str, Rows]]:
    """A replica's rows: features and labels, as wide as those of the whole batch, and which rows they are.

    Args:
        features, labels: of the whole batch, rows first; the number of hallucinated examples may differ.
        replicas, replica: number of replicas, and which one this is, from 0.
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
    """The shares of the replicas ``mine`` of every batch, one after the other.

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
    """The contribution of these rows to the mean over all rows of the batch.

    Args:
        values: float32, (rows here, ...).

    Returns:
        float32, (...); the sum over all replicas is the mean.
    """
    return tf.reduce_sum(values, axis=0) * rows.counted / tf.cast(rows.total, tf.float32)


def mean_of_batch(values: tf.Tensor, rows: Rows) -> tf.Tensor:
    """The mean over all rows of the batch, on every replica, differentiable by the rows of all replicas.

    Every replica must call it, within its ``strategy.run``. Otherwise like ``part_of_mean``.
    """
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, part_of_mean(values, rows))


def rows_in_batch(values: tf.Tensor, rows: Optional[Rows]) -> tf.Tensor:
    """Number of rows of the whole batch, int32, scalar. Arguments are those of ``rows_before``."""
    return tf.shape(values)[0] if rows is None else rows.total


def rows_before(values: tf.Tensor, rows: Optional[Rows]) -> tf.Tensor:
    """For each of these rows, the row before it in the whole batch; for the first row, the last.

    Every replica must call it, within its ``strategy.run``. Replicas exchange their rows.

    Args:
        values: (rows here, width), as wide on all replicas.
        rows: which rows of the batch these are; None = all.

    Returns:
        float32, (rows here, width), without a gradient.
    """
    values = tf.stop_gradient(tf.cast(values, tf.float32))
    if rows is None:
        return tf.roll(values, shift=1, axis=0)
    here = rows.first + tf.range(tf.shape(values)[0])
    whole_shape = tf.stack([rows.total, tf.shape(values)[1]])
    own = tf.scatter_nd(here[:, tf.newaxis], values * rows.counted, whole_shape)  # zeros elsewhere
    context = tf.distribute.get_replica_context()
    whole = context.all_reduce(tf.distribute.ReduceOp.SUM, own)
    return tf.gather(whole, (here - 1) % rows.total)
