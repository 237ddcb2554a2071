"""The time of a training step, for whoever wants to know what an epoch takes before training one."""

from __future__ import annotations

import itertools
import statistics
import time
from typing import NamedTuple

import tensorflow as tf

from holle_tf.distill.distiller import Distiller


class StepTime(NamedTuple):
    """What ``time_steps`` found.

    Attributes:
        seconds: of a step, the median.
        steps: how many it is the median of.
    """

    seconds: float
    steps: int


def time_steps(
    distiller: Distiller,
    batches: tf.data.Dataset,
    steps: int,
    warm_up: int,
    most_seconds: float = float("inf"),
) -> StepTime:
    """Train some steps and time them, with the reading of the batches left out.

    Args:
        distiller: compiled; its weights are changed.
        batches: (features, labels), begun again where they end.
        steps: that are timed, one at least.
        warm_up: steps before that are not: the first one compiles.
        most_seconds: of timed steps, after which no further one is begun.
    """
    # Variables that the first step made would have it compiled twice, and so would batches of another width.
    distiller.optimizer.build(distiller.trained)
    step = tf.function(distiller.train_step, input_signature=[batches.element_spec])
    seconds: list[float] = []
    for batch in itertools.islice(batches.repeat(), warm_up + steps):
        began = time.perf_counter()
        step(batch)
        seconds.append(time.perf_counter() - began)
        if len(seconds) > warm_up and sum(seconds[warm_up:]) > most_seconds:
            break
    timed = seconds[warm_up:]
    return StepTime(statistics.median(timed), len(timed))
