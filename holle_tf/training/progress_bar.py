"""One progress bar for a whole training, with the time that is left."""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf
from tqdm import tqdm


def progress_bar(total: int | None, desc: str, unit: str, **kwargs: Any) -> tqdm:
    """A tqdm bar on standard error; in a log file it writes a line every 15 seconds, not several a second."""
    interval = 0.2 if sys.stderr.isatty() else 15.0
    return tqdm(total=total, desc=desc, unit=unit, mininterval=interval, leave=False, **kwargs)


class TrainingProgress(tf.keras.callbacks.Callback):
    """Counts steps over all epochs.

    Args:
        name: of the run, shown before the bar.
        steps: of one epoch.
        epochs: largest number of epochs.
    """

    def __init__(self, name: str, steps: int, epochs: int):
        super().__init__()
        self._name, self._steps, self._epochs = name, steps, epochs

    def on_train_begin(self, logs: Any = None) -> None:
        self._bar = progress_bar(self._steps * self._epochs, self._name, "step")
        self._first = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        # An interrupted training begins at a later epoch.
        self._bar.update(epoch * self._steps - self._bar.n)
        self._bar.set_description(f"{self._name} epoch {epoch + 1}/{self._epochs}", refresh=False)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._bar.set_postfix_str(f"loss {logs['loss']:.3f}", refresh=False)
        self._bar.update()
        if self._first:  # it takes by far the longest: show that it is over, in a log file too
            self._bar.refresh()
            self._first = False

    def on_train_end(self, logs: Any = None) -> None:
        self._bar.close()
