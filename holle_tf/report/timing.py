"""How long a run takes here: from its own epochs, from runs like it, or from some steps of it."""

from __future__ import annotations

import statistics
from typing import Mapping, NamedTuple, Optional

from holle_tf.catalogue import teachers as known_teachers
from holle_tf.options.distill import DistillConfig
from holle_tf.report.measuring import Known, Measurements
from holle_tf.report.runs import PlannedRun, Runs, State
from holle_tf.report.variants import VARIANTS

READING = 1 / 3  # of a training step: forward without backward pass, which is about twice as much

Cost = tuple[str, ...]  # ``Variant.cost``


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


class Part(NamedTuple):
    """So many times an epoch of another kind of run, as a part of what an epoch takes.

    Attributes:
        factor: how many times.
        cost: of the other kind, ``Variant.cost``.
        by_words: whether the factor is of as many words, and documents are longer here than there.
    """

    factor: float
    cost: Cost
    by_words: bool = False


def parts_of(cost: Cost, options: DistillConfig) -> list[Part]:
    """What a kind of run is reckoned from; nothing where it has to be measured.

    Students are recurrent: time goes with the words. A hallucinated example is one more for the student
    and one that the teacher reads. What takes longest to measure is measured for one teacher: gradients of
    the input are a step like that of the other one, but for the teacher's own two passes.

    Args:
        cost: ``Variant.cost``.
        options: of the terms: the shares of the examples that a teacher reads.
    """
    share = options.hallucinated_share
    setup, kind, *on_line = cost
    teachers = [name for name in on_line if name in known_teachers()]
    terms = [name for name in on_line if name not in known_teachers()]
    if not on_line:
        return [] if setup == "sd" else [Part(1.0, ("sd", kind), by_words=True)]
    if terms == ["hallucinated"]:
        read = [Part(share * READING, ("sd", teacher), by_words=setup != "sd") for teacher in teachers]
        return [Part(1.0 + share, (setup, kind)), *read]
    alike = [one.cost for one in VARIANTS if one.cost[: 2 + len(terms)] == cost[: 2 + len(terms)]]
    first = alike[0] if alike else cost
    if first == cost or len(first) != len(cost):
        return []
    passes = 2 * READING * options.gradient_share
    others = [Part(-passes, ("sd", name)) for name in first[2 + len(terms) :]]
    return [Part(1.0, first), *others, *(Part(passes, ("sd", name)) for name in teachers)]


def estimate_all(runs: Runs, states: Mapping[PlannedRun, State], measure: str) -> dict[PlannedRun, Estimate]:
    """An estimate for every run that is not finished and of which anything is known, from the best that is.

    The median of the epochs that it, or finished runs of the same cost, took; else a few steps of the
    plainest runs of each model are measured, and the others reckoned from those.

    Args:
        measure: nothing | plain | all. Plain are models without a teacher on line, which are compiled soon.
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
    """Whether teachers read at every step because of an option, which is no part of a cost."""
    options = runs.config.distill
    return bool(run.variant.teachers) and bool(options.matching_weight or not options.cache_teacher)


class _Sources:
    """Seconds of an epoch by cost, each found once."""

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
        """The best that is known of a cost."""
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
            variant = next(one for one in self._runs.variants.values() if one.cost == cost)
            if self._measure == "plain" and len(cost) > 2 and not self._measurements.has(variant):
                return None
            try:
                return self._measurements.epoch(variant)
            except Exception as error:  # as a run it fails by itself, and the report says so
                self._runs.log(f"{variant.key} cannot be measured: {' '.join(str(error).split())[:200]}")
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
        return Known(max(total, 0.0), f"reckoned: {' '.join(said).lstrip('+')}")

    def _words(self, setup: str) -> float:
        """How many times as long as short documents those of a setup are."""
        of_setup, short = (self._runs.prepared(one).mean_words("train")["document"] for one in (setup, "sd"))
        return of_setup / short
