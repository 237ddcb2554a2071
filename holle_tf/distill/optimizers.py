"""The optimisers and learning-rate schedules of the published models."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class WarmUpDecay(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Logarithmic warm-up as in QANet, then constant or a cosine to zero.

    Args:
        learning_rate: reached at the end of the warm-up.
        warmup_steps: the rate is ``learning_rate * log(step + 1) / log(warmup_steps + 1)`` before.
        decay_steps: step at which the cosine reaches zero; 0 = constant.
    """

    def __init__(self, learning_rate: float, warmup_steps: int = 0, decay_steps: int = 0):
        self.learning_rate, self.warmup_steps, self.decay_steps = learning_rate, warmup_steps, decay_steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32) + 1.0
        rate = tf.constant(self.learning_rate, tf.float32)
        if self.warmup_steps:
            rate *= tf.minimum(1.0, tf.math.log(step + 1.0) / math.log(self.warmup_steps + 1.0))
        if self.decay_steps:
            progress = tf.minimum(1.0, step / self.decay_steps)
            rate *= 0.5 * (1.0 + tf.cos(math.pi * progress))
        return rate

    def get_config(self) -> dict[str, Any]:
        return {
            "learning_rate": self.learning_rate,
            "warmup_steps": self.warmup_steps,
            "decay_steps": self.decay_steps,
        }


def make_optimizer(training: Any, total_steps: int) -> tf.keras.optimizers.Optimizer:
    """The optimiser of a ``TrainingConfig``; ``total_steps`` is where a cosine decay ends.

    Raises:
        ValueError: the optimiser's name is unknown.
    """
    decay_steps = total_steps if training.decay == "cosine" else 0
    rate = WarmUpDecay(training.learning_rate, training.warmup_steps, decay_steps)
    if training.optimizer == "adam":
        optimizer: Any = tf.keras.optimizers.Adam(
            rate, beta_1=training.beta_1, beta_2=training.beta_2, epsilon=training.epsilon
        )
    elif training.optimizer == "adadelta":
        optimizer = tf.keras.optimizers.Adadelta(rate, rho=0.95, epsilon=training.epsilon)
    else:
        raise ValueError(f"optimizer {training.optimizer!r} is neither adam nor adadelta")
    if training.mixed_precision == "float16":
        optimizer = tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
    return optimizer
