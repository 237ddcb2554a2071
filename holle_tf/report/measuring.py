"""Some training steps of a kind of run, measured once on a machine and kept for the next plan."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import tensorflow as tf

from holle_tf.catalogue import MODELS
from holle_tf.config import Config, to_dict
from holle_tf.distill.distiller import Distiller, Teacher, online_teacher
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.terms import needs
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.options.distill import teacher_setup
from holle_tf.report.runs import Runs
from holle_tf.report.variants import Variant
from holle_tf.runs.identity import distill_options, run_terms
from holle_tf.runs.run_folder import read_json, versions, write_text
from holle_tf.system.machine import machine
from holle_tf.training.setup import steps_of_epoch, untrained_model
from holle_tf.training.step_times import StepTime, time_steps
from pipelines.dataset import make_dataset
from pipelines.files import json_sha256
from pipelines.prepare import PreparedData

STEPS, WARM_UP = 3, 1  # training steps that are timed, and that are not
MOST_SECONDS = 10.0  # of the steps of one kind, after which no further one is begun
KEPT = "measured-steps.json"  # in ``runs_dir``
REMEDY = "remove this file, and it is measured again"  # where what is kept in ``runs_dir`` is broken


class Known(NamedTuple):
    """Seconds of an epoch, and how that is known."""

    seconds: float
    basis: str


class Measurements:
    """Measures kinds of runs, or finds what was measured of the same on this machine before.

    Args:
        runs: of the report.
    """

    def __init__(self, runs: Runs):
        self._runs = runs
        self._path = Path(runs.config.runs_dir) / KEPT
        self._kept: dict[str, Any] = read_json(self._path, REMEDY) or {}

    def has(self, variant: Variant) -> bool:
        """Whether it was measured before."""
        return self._place(variant)[0] in self._kept

    def epoch(self, variant: Variant) -> Known:
        """An epoch of a variant, from steps of an untrained model with untrained teachers."""
        key, config, prepared = self._place(variant)
        if key not in self._kept:
            self._runs.log(f"measuring {STEPS} steps of {variant.key}")
            found = measure_epoch(config, prepared)
            # The variant is there for people who read the file.
            self._kept[key] = {"variant": variant.key, "date": time.strftime("%Y-%m-%d"), **found._asdict()}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, json.dumps(self._kept, indent=1))
            when = ""
        else:
            when = f" on {self._kept[key]['date']}"
        one = self._kept[key]
        steps = "1 step" if one["steps"] == 1 else f"{one['steps']} steps"
        return Known(one["seconds"], f"{steps} measured{when}")

    def _place(self, variant: Variant) -> tuple[str, Config, PreparedData]:
        config, prepared = variant.config(self._runs.config, 0), self._runs.prepared(variant.setup)
        return _key(config, variant, prepared), config, prepared


def measure_epoch(config: Config, prepared: PreparedData) -> StepTime:
    """Seconds of an epoch, from the median of some steps of an untrained model with untrained teachers.

    Teachers whose scores the run would take from a cache cost nothing here.
    """
    tf.keras.backend.clear_session()
    training, terms = config.training_of(config.model), run_terms(config)
    inputs = set(MODELS[config.model].inputs)
    teachers = []
    for kind in config.teachers:
        if "reader" in needs(terms):
            model = untrained_model(replace(config, model=kind), prepared)
            if teacher_setup(config.data.setup, config.distill.long_teacher) != config.data.setup:
                options, size = config.distill, config.evaluation.batch_size
                model = chunked_reader(
                    model, options.chunk_words, options.chunk_stride, options.chunk_merge, size
                )
            inputs.update(model.input)
            teachers.append(Teacher(_no_scores, online_teacher(model).read))
        else:
            teachers.append(Teacher(_no_scores))
    distiller = Distiller(
        untrained_model(config, prepared), terms, teachers, distill_options(config), l2=training.l2,
        ema_decay=training.ema_decay, clip_norm=training.clip_norm, jit=training.jit,
    )  # fmt: skip
    distiller.compile(optimizer=make_optimizer(training, 1000))
    steps = steps_of_epoch(prepared.count("train"), training)
    size = min(training.batch_size, prepared.count("train"))
    batches = make_dataset(
        prepared, "train", inputs=sorted(inputs), batch_size=size, shuffle=True, static_shapes=training.jit
    )
    if "hallucinated" in needs(terms):
        batches = with_hallucinations(batches, config.distill.hallucinated_share, 0)
    found = time_steps(distiller, batches, STEPS, WARM_UP, MOST_SECONDS)
    return StepTime(found.seconds * steps, found.steps)


def _key(config: Config, variant: Variant, prepared: PreparedData) -> str:
    """Of everything that decides what a step takes."""
    models = {name: to_dict(getattr(config, name)) for name in (config.model, *config.teachers)}
    training = to_dict(config.training_of(config.model))
    told = [
        variant.cost,
        models,
        training,
        to_dict(config.distill),
        prepared.fingerprint,
        machine(),
        versions(),
    ]
    return json_sha256(told)[:16]


def _no_scores(features: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    del labels
    zeros = tf.zeros_like(features["document"], tf.float32)
    return {"start_logits": zeros, "end_logits": zeros}
