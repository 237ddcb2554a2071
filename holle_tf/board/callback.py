"""Writes a training's losses, gradients, scores, vectors, curves, spans and options for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

import numpy as np
import tensorflow as tf

from holle_tf.board.example_views import STUDENT, View, draw_curves, spans_as_markdown, view
from holle_tf.board.hparams import write_hyperparameters
from holle_tf.catalogue import DEFAULT_STUDENT, is_student
from holle_tf.distill.distiller import Distiller
from holle_tf.evaluate.predictor import SplitPredictions
from holle_tf.options.board import BoardConfig
from pipelines.encoding import EncodedExample

_SCORES = {"val_f1": "dev/f1", "val_em": "dev/em", "val_loss": "dev/loss"}  # key of the logs -> tag
_CONICITY = "val_conicity_"


class Board(tf.keras.callbacks.Callback):
    """A callback of a ``Distiller``; it must come after the callback that adds dev scores to the logs.

    The x axis is the step of the optimiser. An interrupted training restores it, so that its curves go on
    where they ended. Use the callback as a context, so that the file is closed however the training ends.

    Args:
        folder: folder of the event files.
        options: what is written, and how often.
        hyperparameters: those of the run.
        batch: features and labels on which gradients are measured; always the same, so that a curve shows how
            the student changes, not how the examples differ.
        examples: dev examples whose curves and spans are shown.
        teachers: each teacher's view of the examples, by name.
        max_span: words of the longest span.
        dev: returns the predictions for the dev split after the last epoch and whether they are the best so
            far, or None if there are none.
    """

    def __init__(
        self,
        folder: Path,
        options: BoardConfig,
        hyperparameters: Mapping[str, Any],
        batch: tuple[Any, Any],
        examples: Sequence[EncodedExample],
        teachers: Mapping[str, View],
        max_span: int,
        dev: Callable[[], Optional[tuple[SplitPredictions, bool]]],
    ):
        super().__init__()
        self._folder, self._options, self._hyperparameters = folder, options, hyperparameters
        self._batch, self._examples, self._teachers = batch, examples, teachers
        self._max_span, self._dev = max_span, dev

    def __enter__(self) -> Board:
        self._writer = tf.summary.create_file_writer(str(self._folder))
        with self._writer.as_default():
            write_hyperparameters(self._hyperparameters, "/".join(self._folder.parts[-3:-1]))
        return self

    def __exit__(self, *_: Any) -> None:
        self._writer.close()

    def on_train_begin(self, logs: Any = None) -> None:
        distiller: Distiller = self.model
        self._norms = tf.function(distiller.gradient_norms)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._step = int(tf.convert_to_tensor(self.model.optimizer.iterations))  # it may be mirrored
        self._sums = {metric.name: (0.0, 0.0) for metric in self.model.metrics}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step += 1
        gradients = self._options.gradients_every
        with self._writer.as_default(step=self._step):
            if self._step % self._options.scalars_every == 0:
                self._write_losses()
            if gradients and self._step % gradients == 0:
                for name, norm in self._norms(*self._batch).items():
                    tf.summary.scalar(f"gradient_norm/{name}", norm)

    def _write_losses(self) -> None:
        """Means over the examples since the last call; Keras reports means over the epoch so far."""
        for metric in self.model.metrics:
            total, count = (float(tf.convert_to_tensor(state)) for state in (metric.total, metric.count))
            before, counted = self._sums[metric.name]
            if count > counted:
                tf.summary.scalar(f"train/{metric.name}", (total - before) / (count - counted))
            self._sums[metric.name] = (total, count)
        tf.summary.scalar("train/learning_rate", tf.convert_to_tensor(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        latest = self._dev()
        if latest is None or "val_f1" not in logs:  # the loss was not finite
            return
        found, improved = latest
        with self._writer.as_default(step=self._step):
            if self._step % self._options.scalars_every:
                self._write_losses()  # of the steps since the last time
            for name, tag in _SCORES.items():
                tf.summary.scalar(tag, logs[name])
            for name, value in logs.items():
                if name.startswith(_CONICITY):
                    tf.summary.scalar(f"conicity/{name[len(_CONICITY) :]}", value)
            for name, cosines in found.cosines.items():
                tf.summary.histogram(f"cosine_to_mean/{name}", cosines[~np.isnan(cosines)])
            if improved:
                tf.summary.scalar("best/dev_f1", logs["val_f1"])
                tf.summary.scalar("best/dev_em", logs["val_em"])
                self._show_examples()
        self._writer.flush()

    def _show_examples(self) -> None:
        if not self._examples:
            return
        with self.model.averaged_weights():
            own = view(self.model.student, self._examples, self._max_span)
        kind = self._hyperparameters.get("model", DEFAULT_STUDENT)
        views = {STUDENT if is_student(kind) else kind: own, **self._teachers}
        for row, encoded in enumerate(self._examples):
            picture = draw_curves(encoded, row, views)
            tf.summary.image(f"curves/{encoded.example.example_id}", picture[None])
        tf.summary.text("spans", spans_as_markdown(self._examples, views))
