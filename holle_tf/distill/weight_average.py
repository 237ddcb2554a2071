"""Exponential moving average of the weights, used at evaluation (BiDAF 0.999, QANeT 0.9999)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Sequence

import tensorflow as tf

# Every replica averages its own copy of the weights, which are the same everywhere: nothing is exchanged.
_LOCAL = {
    "synchronization": tf.VariableSynchronization.ON_READ,
    "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
}


class WeightAverage(tf.Module):
    """Shadows of variables, updated after each step.

    The decay warms up as ``min(decay, (1 + n) / (10 + n))`` after n steps, as in
    ``tf.train.ExponentialMovingAverage`` with num_updates, so that a short training is not averaged with its
    random start.

    Args:
        variables: the variables to average.
        decay: between 0 and 1.
    """

    def __init__(self, variables: Sequence[tf.Variable], decay: float):
        super().__init__(name="weight_average")
        self._variables = list(variables)
        self._decay = decay
        self._steps = tf.Variable(0.0, trainable=False, name="steps", **_LOCAL)
        self.shadows = [
            tf.Variable(v, trainable=False, name=f"average_{i}", **_LOCAL) for i, v in enumerate(variables)
        ]

    def update(self) -> None:
        """Move every shadow towards its variable; call once after each optimiser step."""
        self._steps.assign_add(1.0)
        decay = tf.minimum(self._decay, (1.0 + self._steps) / (10.0 + self._steps))
        for shadow, variable in zip(self.shadows, self._variables):
            shadow.assign_sub((1.0 - decay) * (shadow - tf.cast(variable, shadow.dtype)))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """A context in which the variables hold their averages; afterwards they hold their own values."""
        own = [variable.numpy() for variable in self._variables]
        try:
            for variable, shadow in zip(self._variables, self.shadows):
                variable.assign(shadow.read_value())
            yield
        finally:
            for variable, value in zip(self._variables, own):
                variable.assign(value)
