"""How long a run takes on this machine: from its own epochs, from similar runs, or from a few training steps.

Steps are measured once for each kind of run and machine, and kept for the next plan.
"""

from __future__ import annotations

import json
import logging
import statistics
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Optional

import tensorflow as tf

from holle_tf.catalogue import teachers as known_teachers
from holle_tf.config import Config, to_dict
from holle_tf.distill.distiller import Distiller, Teacher, online_teacher
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.terms import needs
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.options.distill import DistillConfig, is_score_file, teacher_setup
from holle_tf.report.rows import PlannedRun
from holle_tf.report.runs import Runs, State
from holle_tf.report.variants import VARIANTS, WITHOUT, Variant
from holle_tf.runs.identity import distill_options, run_terms
from holle_tf.runs.run_folder import read_json, versions, write_text
from holle_tf.system.machine import machine
from holle_tf.training.setup import steps_of_epoch, untrained_model
from holle_tf.training.step_times import StepTime, time_steps
from pipelines.dataset import make_dataset
from pipelines.files import json_sha256
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)

READING = 1 / 3  # of a training step: a forward pass alone; the backward pass takes about twice as long
STEPS, WARM_UP = 3, 1  # number of timed training steps, and of untimed ones before them
MOST_SECONDS = 10.0  # for the steps of one kind of run; no step starts after that
KEPT = "measured-steps.json"  # in ``runs_dir``
REMEDY = "remove this file to have it measured again"  # for a broken file of measurements

Cost = tuple[str, ...]  # ``Variant.cost``


class Known(NamedTuple):
    """Seconds of an epoch, and where the number is from."""

    seconds: float
    basis: str


class Estimate(NamedTuple):
    """Time that a run still needs.

    Attributes:
        epochs: at most; early stopping may need fewer.
        seconds_per_epoch: of training, without evaluation.
        basis: where the number is from.
    """

    epochs: int
    seconds_per_epoch: float
    basis: str

    @property
    def seconds(self) -> float:
        """Of all epochs together."""
        return self.epochs * self.seconds_per_epoch


class Part(NamedTuple):
    """A part of the time of an epoch, as a multiple of an epoch of another kind of run.

    Attributes:
        factor: the multiple.
        cost: of the other kind, see ``Variant.cost``.
        by_words: whether the factor also grows with the ratio of document lengths.
    """

    factor: float
    cost: Cost
    by_words: bool = False


def parts_of(cost: Cost, options: DistillConfig) -> list[Part]:
    """The parts that the time of a kind of run is computed from; none if it has to be measured.

    Students are recurrent, so their time grows with the number of words. A hallucinated example is one more
    example for the student, and the teacher reads it too. Steps with gradients of the input take longest to
    measure, so they are measured with one teacher; with another, only the teacher's two passes differ.

    Args:
        cost: see ``Variant.cost``.
        options: of the terms: the shares of the examples that a teacher reads.
    """
    share = options.hallucinated_share
    setup, kind, *on_line = cost
    teachers = [name for name in on_line if name in known_teachers()]
    terms = [name for name in on_line if name not in known_teachers()]
    if on_line and on_line[0].startswith(WITHOUT):
        return [Part(1.0 - float(Fraction(on_line[0][len(WITHOUT) :])), (setup, kind))]
    if not on_line:
        return [] if setup == "sd" else [Part(1.0, ("sd", kind), by_words=True)]
    if terms == ["hallucinated"]:
        read = [Part(share * READING, ("sd", teacher), by_words=setup != "sd") for teacher in teachers]
        return [Part(1.0 + share, (setup, kind)), *read]
    prefix = cost[: 2 + len(terms)]
    alike = [variant.cost for variant in VARIANTS if variant.cost[: len(prefix)] == prefix]
    first = alike[0] if alike else cost
    if first == cost or len(first) != len(cost):
        return []
    passes = 2 * READING * options.gradient_share
    others = [Part(-passes, ("sd", name)) for name in first[2 + len(terms) :]]
    return [Part(1.0, first), *others, *(Part(passes, ("sd", name)) for name in teachers)]


def estimate_all(runs: Runs, states: Mapping[PlannedRun, State], measure: str) -> dict[PlannedRun, Estimate]:
    """An estimate of each run that is not done, unless nothing is known about it.

    It is the median epoch of the run itself, or else of finished runs with the same cost. Without those, a
    few steps of the plainest run of each model are measured, and other runs are computed from them.

    Args:
        measure: nothing | plain | all. Plain runs have no online teacher, so they compile quickly.
    """
    source = _Sources(runs, states, measure)
    estimates: dict[PlannedRun, Estimate] = {}
    for run, state in states.items():
        if state.done:
            continue
        if state.status == "begun":
            seconds = statistics.median(line["seconds"] for line in state.run.epochs())
            known: Optional[Known] = Known(seconds, f"its first {state.epochs} epochs")
        elif _reads_by_option(runs, run):
            known = None
        else:
            known = source.of(run.variant.cost)
        if known is not None:
            most = runs.config.training_of(run.variant.model).epochs
            estimates[run] = Estimate(max(most - state.epochs, 1), *known)
    return estimates


def _reads_by_option(runs: Runs, run: PlannedRun) -> bool:
    """Whether an option, which is no part of the cost, makes teachers read at every step."""
    options = runs.config.distill
    return bool(run.variant.teachers) and bool(options.matching_weight or not options.cache_teacher)


class _Sources:
    """Finds seconds of an epoch by cost, once for each cost."""

    def __init__(self, runs: Runs, states: Mapping[PlannedRun, State], measure: str):
        self._runs, self._measure = runs, measure
        self._finished: dict[Cost, list[float]] = {}
        for run, state in states.items():
            if state.status == "finished" and not _reads_by_option(runs, run):
                seconds = (state.run.result() or {})["seconds_per_epoch"]
                self._finished.setdefault(run.variant.cost, []).append(seconds)
        self._found: dict[Cost, Optional[Known]] = {}
        self._measurements = Measurements(runs)

    def of(self, cost: Cost) -> Optional[Known]:
        """The best known time; None if it is unknown."""
        if cost not in self._found:
            self._found[cost] = self._find(cost)
        return self._found[cost]

    def _find(self, cost: Cost) -> Optional[Known]:
        finished = self._finished.get(cost)
        if finished:
            return Known(statistics.median(finished), f"{len(finished)} finished like it")
        if self._measure == "nothing":
            return None
        parts = parts_of(cost, self._runs.config.distill)
        if not parts:
            variant = self._variant(cost)
            if self._measure == "plain" and len(cost) > 2 and not self._measurements.has(variant):
                return None
            try:
                return self._measurements.epoch(variant)
            except Exception as error:  # training will fail in the same way, and the report shows that error
                logger.warning(f"{variant.key} cannot be measured: {' '.join(str(error).split())[:200]}")
                return None
        words = self._words(cost[0])
        total, said = 0.0, []
        for part in parts:
            of_part = self.of(part.cost)
            if of_part is None:
                return None
            factor = part.factor * (words if part.by_words else 1.0)
            total += factor * of_part.seconds
            said.append(f"{factor:+.2g} x {'/'.join(part.cost)}")
        return Known(max(total, 0.0), f"computed: {' '.join(said).lstrip('+')}")

    def _variant(self, cost: Cost) -> Variant:
        """A variant with this cost; the report may have only the same variant on other documents."""
        listed = [*self._runs.variants.values()]
        listed += [replace(variant, setup=cost[0]) for variant in listed]
        return next(variant for variant in listed if variant.cost == cost)

    def _words(self, setup: str) -> float:
        """Mean number of words in a document of a setup, relative to short documents."""
        long, short = (self._runs.prepared(name).mean_words("train")["document"] for name in (setup, "sd"))
        return long / short


class Measurements:
    """Measures kinds of runs, or finds earlier measurements of the same kind on this machine."""

    def __init__(self, runs: Runs):
        self._runs = runs
        self._path = Path(runs.config.runs_dir) / KEPT
        self._kept: dict[str, Any] = read_json(self._path, REMEDY) or {}

    def has(self, variant: Variant) -> bool:
        """Whether the kind of run was measured before."""
        return self._place(variant)[0] in self._kept

    def epoch(self, variant: Variant) -> Known:
        """Time of an epoch of a variant, see ``measure_epoch``."""
        key, config, prepared = self._place(variant)
        if key not in self._kept:
            logger.info(f"measuring {STEPS} steps of {variant.key}")
            found = measure_epoch(config, prepared)
            # The variant and date are for people who read the file.
            self._kept[key] = {"variant": variant.key, "date": time.strftime("%Y-%m-%d"), **found._asdict()}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._path, json.dumps(self._kept, indent=1))
            when = ""
        else:
            when = f" on {self._kept[key]['date']}"
        entry = self._kept[key]
        steps = "1 step" if entry["steps"] == 1 else f"{entry['steps']} steps"
        return Known(entry["seconds"], f"{steps} measured{when}")

    def _place(self, variant: Variant) -> tuple[str, Config, PreparedData]:
        config, prepared = variant.config(self._runs.config, 0), self._runs.prepared(variant.setup)
        return _key(config, variant, prepared), config, prepared


def measure_epoch(config: Config, prepared: PreparedData) -> StepTime:
    """Seconds of an epoch, from the median of some steps of an untrained model with untrained teachers.

    Teachers whose scores come from a cache take no time.
    """
    tf.keras.backend.clear_session()
    training, terms = config.training_of(config.model), run_terms(config)
    inputs = set(config.inputs_of(config.model))
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
        ema_decay=training.ema_decay, clip_norm=training.clip_norm,
        null=prepared.config.has_null, jit=training.jit,
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
    """Key of a measurement: a digest of everything that decides the time of a step."""
    names = [name for name in (config.model, *config.teachers) if not is_score_file(name)]
    models = {name: to_dict(getattr(config, name)) for name in names}
    training = to_dict(config.training_of(config.model))
    del training["keep_state"]  # measurements from before there was this option stay valid
    inputs = [
        variant.cost,
        models,
        training,
        to_dict(config.distill),
        prepared.fingerprint,
        machine(),
        versions(),
    ]
    return json_sha256(inputs)[:16]


def _no_scores(features: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, tf.Tensor]:
    del labels
    zeros = tf.zeros_like(features["document"], tf.float32)
    return {"start_logits": zeros, "end_logits": zeros}
