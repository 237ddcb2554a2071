"""A sample of the rows of a batch, for a term that is too costly to compute for all of them."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional

import tensorflow as tf

from holle_tf.distill.shares import Rows


class RowSample(NamedTuple):
    """Rows that represent their batch.

    Attributes:
        index: int32, (rows chosen,): their positions among the rows here.
        in_batch: int32, (rows chosen,): their positions in the whole batch.
        weights: float32, (rows chosen,): 1 / the probability of being chosen.
        here, total: int32, scalars: number of rows here, and in the whole batch.
    """

    index: tf.Tensor
    in_batch: tf.Tensor
    weights: tf.Tensor
    here: tf.Tensor
    total: tf.Tensor

    def of(self, tensors: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """The chosen rows of tensors of all rows here."""
        return {name: tf.gather(tensor, self.index) for name, tensor in tensors.items()}

    def spread(self, values: tf.Tensor) -> tf.Tensor:
        """Values of chosen rows, weighted, and zeros elsewhere: float32, (rows here,).

        The expectation of their mean over the batch is the mean of the values of all rows.
        """
        return tf.scatter_nd(self.index[:, tf.newaxis], self.weights * values, self.here[tf.newaxis])


def sample_rows(here: tf.Tensor, share: float, seed: tf.Tensor, rows: Optional[Rows] = None) -> RowSample:
    """A systematic sample: every row is chosen with the same probability, and chosen rows are evenly spaced.

    The same rows of a batch are chosen however replicas share it.

    Args:
        here: int32, scalar, number of rows here.
        share: of the rows that are chosen, 0 < share <= 1.
        seed: int32, (2,).
        rows: which rows of a larger batch these are; None = all.
    """
    first, total = (tf.constant(0), here) if rows is None else (rows.first, rows.total)
    if share >= 1.0:
        index = tf.range(here)
        return RowSample(index, first + index, tf.ones([here]), here, total)
    places = tf.cast(tf.range(first, first + here + 1), tf.float32)
    marks = tf.floor(share * places + tf.random.stateless_uniform([], seed))
    chosen = marks[1:] > marks[:-1]  # (here,)
    index = tf.cast(tf.where(chosen)[:, 0], tf.int32)
    # Operations must not meet an empty tensor: if no row is chosen, the first is read with weight 0.
    index = tf.cond(tf.size(index) > 0, lambda: index, lambda: tf.zeros([1], tf.int32))
    weights = tf.cast(tf.gather(chosen, index), tf.float32) / share
    return RowSample(index, first + index, weights, here, total)
