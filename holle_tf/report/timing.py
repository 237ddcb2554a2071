"""How long a run takes here: from runs like it, or from some steps of it."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace
from typing import Any, Mapping, NamedTuple

import tensorflow as tf

from holle_tf.config import Config
from holle_tf.distill.distiller import Distiller, Teacher, online_teacher
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES, resolve_precision
from holle_tf.distill.terms import needs
from holle_tf.models import MODELS
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.report.runs import PlannedRun, Runs, State
from holle_tf.workflow.run_folder import build_model
from holle_tf.workflow.training import distill_options, run_terms
from pipelines.config import LONG_SETUPS
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

STEPS, WARM_UP = 4, 2  # training steps that are timed, and that are not


class Estimate(NamedTuple):
    """Time that a run still needs.

    Attributes:
        epochs: at most; early stopping may end it before.
        seconds_per_epoch: of training alone.
        basis: where that is from.
    """

    epochs: int
    seconds_per_epoch: float
    basis: str

    @property
    def seconds(self) -> float:
        """In all."""
        return self.epochs * self.seconds_per_epoch


def estimate_all(runs: Runs, states: Mapping[PlannedRun, State], measure: bool) -> dict[PlannedRun, Estimate]:
    """An estimate for every run that is not finished.

    The median of the epochs that it, or finished runs of the same cost, took; where there are none, a few
    steps are measured, of one run of each cost.

    Args:
        measure: whether to; a run of which nothing is known has no estimate otherwise.
    """
    known: dict[tuple[str, ...], list[float]] = {}
    for run, state in states.items():
        if state.status == "finished" and state.run is not None:
            known.setdefault(run.variant.cost, []).append((state.run.result() or {})["seconds_per_epoch"])
    measured: dict[tuple[str, ...], float] = {}
    estimates: dict[PlannedRun, Estimate] = {}
    for run, state in states.items():
        if state.status == "finished":
            continue
        cost, config = run.variant.cost, run.variant.config(runs.config, run.seed)
        if state.status == "begun" and state.run is not None:
            seconds = statistics.median(line["seconds"] for line in state.run.epochs())
            basis = f"its first {state.epochs} epochs"
        elif cost in known:
            seconds, basis = statistics.median(known[cost]), f"{len(known[cost])} finished like it"
        elif measure:
            if cost not in measured:
                runs.log(f"measuring {STEPS} steps of {run.variant.key}")
                measured[cost] = measure_epoch(config, runs.prepared(run.variant.setup))
            seconds, basis = measured[cost], f"{STEPS} steps measured"
        else:
            continue
        left = max(config.training_of(config.model).epochs - state.epochs, 1)
        estimates[run] = Estimate(left, seconds, basis)
    return estimates


def measure_epoch(config: Config, prepared: PreparedData) -> float:
    """Seconds of an epoch, from the median of some steps of an untrained model with untrained teachers.

    Teachers whose scores the run would take from a cache cost nothing here.
    """
    tf.keras.backend.clear_session()
    training, terms = config.training_of(config.model), run_terms(config)
    inputs = set(MODELS[config.model].inputs)
    teachers = []
    for kind in config.teachers:
        if "reader" in needs(terms):
            model = _untrained(replace(config, model=kind), prepared)
            if config.data.setup in LONG_SETUPS:
                options, size = config.distill, config.evaluation.batch_size
                model = chunked_reader(
                    model, options.chunk_words, options.chunk_stride, options.chunk_merge, size
                )
            inputs.update(model.input)
            teachers.append(Teacher(_no_scores, online_teacher(model).read))
        else:
            teachers.append(Teacher(_no_scores))
    distiller = Distiller(
        _untrained(config, prepared), terms, teachers, distill_options(config), l2=training.l2,
        ema_decay=training.ema_decay, clip_norm=training.clip_norm,
    )  # fmt: skip
    distiller.compile(optimizer=make_optimizer(training, 1000))
    size = min(training.batch_size, prepared.count("train"))
    batches = make_dataset(prepared, "train", inputs=sorted(inputs), batch_size=size, shuffle=True)
    if "hallucinated" in needs(terms):
        batches = with_hallucinations(batches, config.distill.hallucinated_share, 0)
    step = tf.function(distiller.train_step, reduce_retracing=True)
    seconds = []
    for batch in itertools.islice(batches.repeat(), WARM_UP + STEPS):
        began = time.perf_counter()
        step(batch)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[WARM_UP:]) * -(-prepared.count("train") // size)


def _untrained(config: Config, prepared: PreparedData) -> tf.keras.Model:
    precision = resolve_precision(config.training_of(config.model).mixed_precision, config.model)
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    try:
        return build_model(config, prepared.embeddings, len(prepared.chars))
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


def _no_scores(features: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    del labels
    zeros = tf.zeros_like(features["document"], tf.float32)
    return {"start_logits": zeros, "end_logits": zeros}
