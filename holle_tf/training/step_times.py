"""The time of a training step, to know how long an epoch takes before training one."""

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
        seconds: median time of a step.
        steps: number of steps that were timed.
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
    """Train some steps and time them, without the time to read the batches.

    Args:
        distiller: compiled; its weights are changed.
        batches: (features, labels); repeated if there are too few.
        steps: number of timed steps, at least one.
        warm_up: number of untimed steps before them; the first one compiles.
        most_seconds: total of timed steps after which no further step starts.
    """
    # Without these two lines, the step would be compiled again: after the first step, which would make the
    # variables of the optimizer, and for batches of another width.
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
