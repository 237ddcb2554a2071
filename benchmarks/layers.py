"""Inference and training steps of layers that read random texts of words' vectors."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import tensorflow as tf

FEATURES = 100

Steps = dict[str, Callable[[], Any]]


def make_inputs(batch: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (batch, length, features) and their mask (batch, length)."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(length // 2, length + 1, batch)
    lengths[::2] = length
    inputs = rng.normal(size=(batch, length, FEATURES)).astype(np.float32)
    return inputs, np.arange(length) < lengths[:, None]


def keras_steps(stack: list[tf.keras.layers.Layer], batch: int, length: int) -> Steps:
    """Steps of Keras layers, which are called with inputs and a mask."""
    inputs, mask = (tf.constant(array) for array in make_inputs(batch, length))

    def outputs(given: tf.Tensor, **extra: Any) -> tf.Tensor:
        for layer in stack:
            given = layer(given, mask=mask, **extra)
        return given

    @tf.function
    def train() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(outputs(inputs, training=True) ** 2)
        return tape.gradient(loss, [inputs, *(v for layer in stack for v in layer.trainable_variables)])

    return {"inference": tf.function(lambda: outputs(inputs)), "training": train}
