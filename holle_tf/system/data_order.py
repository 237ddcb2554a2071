"""The order of the data after an interruption."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class ResumeDataOrder(tf.keras.callbacks.Callback):
    """Skips the orders of the epochs that are done, so that the next epoch has the order of its own.

    Every iteration of a shuffled dataset draws another order: the outermost shuffle when it is made, those
    within when the first element is asked for. Has to come after the callback that restores the state.

    Args:
        made: the datasets; may be filled later, before training begins.
        steps: of one epoch.
        idle: iterators to make and not to use. Keras makes one itself where there is one device; with it, all
            devices have the same orders.
    """

    def __init__(self, made: list[tf.data.Dataset], steps: int, idle: int = 0):
        super().__init__()
        self._made, self._steps, self._idle = made, steps, idle

    def on_train_begin(self, logs: Any = None) -> None:
        done = int(tf.convert_to_tensor(self.model.optimizer.iterations)) // self._steps
        for dataset in self._made:
            for _ in range(self._idle):
                iter(dataset)
            for _ in range(done):
                next(iter(dataset))
