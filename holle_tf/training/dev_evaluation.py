"""What happens at the end of every epoch: dev scores, the best weights, the log, early stopping."""

from __future__ import annotations

import json
import logging
import math
import time
from typing import Any, Collection, Optional

import numpy as np
import tensorflow as tf

from holle_tf.distill.distiller import Distiller
from holle_tf.evaluate.predictor import Predictor, SplitPredictions
from holle_tf.options.training import TrainingConfig
from holle_tf.runs.run_folder import RunFolder
from holle_tf.training.early_stopping import is_better, out_of_patience
from pipelines.files import atomic_file, check_space

logger = logging.getLogger(__name__)

HDF5_BYTES = 4096  # about what a variable takes in a file besides its values, and some more


class DevEvaluation(tf.keras.callbacks.Callback):
    """Score the dev split with the evaluation weights, keep the best ones, log a line, stop early.

    It must be the first callback: it adds ``val_f1``, ``val_em``, ``val_loss`` (cross entropy of the labels,
    in nats), ``val_conicity_<vector>``, ``seconds`` (of training alone) and ``learning_rate`` to the logs
    that the other callbacks see.

    Args:
        run: where weights and ``metrics.jsonl`` go.
        batches: the dev split in its order, with texts; read again after every epoch.
        examples: number of examples in the dev split.
        max_span: words of the longest span.
        patience: epochs without a better one before training stops.
        best_by: what makes an epoch better, a key of ``BEST_BY``.
        conicity_of: see ``Predictor``.
        null: see ``Predictor``. F1 and EM are then those at the best threshold, which is added to the logs as
            ``val_null_threshold``.
    """

    def __init__(
        self,
        run: RunFolder,
        batches: tf.data.Dataset,
        examples: int,
        max_span: int,
        patience: int,
        conicity_of: Optional[Collection[str]] = None,
        best_by: str = TrainingConfig.best_by,
        null: bool = False,
    ):
        super().__init__()
        self._run, self._batches, self._examples = run, batches, examples
        self._max_span, self._patience = max_span, patience
        self._conicity_of, self._best_by, self._null = conicity_of, best_by, null
        self._began = 0.0
        # Predictions after the last epoch, and whether they are the best so far.
        self.latest: Optional[tuple[SplitPredictions, bool]] = None

    def on_train_begin(self, logs: Any = None) -> None:
        distiller: Distiller = self.model
        self._predictor = Predictor(
            distiller.student, self._max_span, conicity_of=self._conicity_of, null=self._null
        )
        self.lines = self._run.epochs()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        # After an interruption, the lines of epochs that are trained again are dropped.
        self.lines = [line for line in self.lines if line["epoch"] < epoch]
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self._began
        distiller: Distiller = self.model
        if not math.isfinite(logs["loss"]):
            logger.warning(f"epoch {epoch + 1}: the loss is not finite; stopping. Try a lower learning rate.")
            distiller.stop_training = True
            return
        with distiller.averaged_weights():
            found = self._predictor.predict(self._batches, self._examples, "dev")
            better = is_better({"val_f1": found.f1, "val_loss": found.loss}, self.lines, self._best_by)
            self.latest = found, better
            if better:
                self._save_best()
        # float() does not take a mirrored variable.
        rate = float(tf.convert_to_tensor(distiller.optimizer.learning_rate))
        logs.update(val_f1=found.f1, val_em=found.em, val_loss=found.loss)
        logs.update({f"val_conicity_{name}": cone.value for name, cone in found.conicity.items()})
        if found.threshold is not None:
            logs.update(val_null_threshold=found.threshold)
        logs.update(seconds=seconds, learning_rate=rate)
        self.lines.append({"epoch": epoch, **{name: float(value) for name, value in logs.items()}})
        with atomic_file(self._run.metrics, "wb") as file:
            file.write("".join(json.dumps(line) + "\n" for line in self.lines).encode())
        terms = ", ".join(f"{name} {logs[name]:.3f}" for name in distiller.metrics_names)
        logger.info(
            f"epoch {epoch + 1}/{self.params['epochs']}: {terms}, dev F1 {found.f1:.2f} EM {found.em:.2f}"
            f" NLL {found.loss:.3f} ({seconds:.0f} s)"
        )
        if out_of_patience(self.lines, self._patience, self._best_by):
            logger.info(f"no better dev {self._best_by.upper()} for {self._patience} epochs; stopping")
            distiller.stop_training = True

    def _save_best(self) -> None:
        temporary = self._run.weights.with_name("writing.weights.h5")
        temporary.unlink(missing_ok=True)
        variables = self.model.student.variables
        bytes_of_weights = sum(v.dtype.size * int(np.prod(v.shape)) for v in variables)
        check_space(temporary, bytes_of_weights + HDF5_BYTES * (1 + len(variables)))
        self.model.student.save_weights(temporary)
        temporary.replace(self._run.weights)
