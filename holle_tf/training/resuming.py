"""How a training goes on after an interruption: with the data of the next epoch, or not at all."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import tensorflow as tf


def stuck(lines: Sequence[Mapping[str, Any]], patience: int) -> bool:
    """Whether the last ``patience`` epochs of ``metrics.jsonl`` had no better dev F1 than one before."""
    scores = [line["val_f1"] for line in lines]
    return bool(scores) and len(scores) - 1 - scores.index(max(scores)) >= patience


class Onwards(tf.keras.callbacks.Callback):
    """Begins as many iterations of the data as there were epochs, so that the next one has its own order.

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
