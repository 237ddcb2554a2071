"""The order of the data after an interruption."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class ResumeDataOrder(tf.keras.callbacks.Callback):
    """Skips the orders of completed epochs, so that the next epoch has the order that it would have had.

    Every iterator over a shuffled dataset draws a new order: for the outermost shuffle when it is made, for
    inner ones when the first element is read. This callback must come after the one that restores the state.

    Args:
        made: the datasets; may be filled later, before training begins.
        steps: of one epoch.
        idle: number of iterators to make and leave unused. Keras itself makes one on a single device; one
            here gives several devices the same orders as a single one.
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
