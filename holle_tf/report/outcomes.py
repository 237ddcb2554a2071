"""The outcome of a run, and the outcomes of all runs of a row of the report.

They are written to ``outcomes.json``, from which another machine can make the report without the runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, TypeVar

import numpy as np

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.statistics import Estimate, over_examples, over_seeds
from holle_tf.report.variants import label_of
from holle_tf.runs.run_folder import write_text
from pipelines.errors import UserError

LEFT_OUT = "left out"  # fault of a row that ``report.only`` leaves out
OUTCOMES = "outcomes.json"
_CURVES = ("epoch", "loss", "labels", "val_loss", "val_f1", "seconds")
_RESULT = ("parameters", "epochs", "best_epoch", "seconds_per_epoch", "peak_memory_mb", "teacher_weights",
           "teacher_scores")  # fmt: skip
_COPIED = (
    "row", "seed", "digest", "run", "made", "scores", "conicity", "multi", "result", "epochs",
)  # fmt: skip
_F1_DIGITS, _COSINE_DIGITS = 3, 4
_Entry = TypeVar("_Entry")


@dataclass(frozen=True)
class Outcome:
    """What a finished run scored on the test split.

    Attributes:
        row: of the report.
        seed: of the run.
        digest: of everything that decides the outcome, see ``Runs.digest``.
        run: name of the run folder.
        scores: by name, 0-100; a run that was scored before one of ``SCORES`` existed lacks it.
        f1: of each example in the order of the data, (examples,), 0-100.
        em: of each example, (examples,), 0 or 100.
        cosines: vector name -> (examples,), see ``evaluation.cosines_of``.
        conicity: vector name -> mean over conversations.
        multi: the result of ``score_with_references``; None without a file of references.
        result: ``result.json`` of the run.
        epochs: log of the training by epoch; empty if the run was trained on other documents than these.
        made: ``date`` and ``machine`` of the report that the outcome comes from; empty if the run is here.
        spans: predictions in the order of the data; None if only the outcome was kept.
    """

    row: str
    seed: int
    digest: str
    run: str
    scores: Mapping[str, float]
    f1: np.ndarray
    em: np.ndarray
    cosines: Mapping[str, np.ndarray]
    conicity: Mapping[str, float]
    multi: Optional[Mapping[str, Any]]
    result: Mapping[str, Any]
    epochs: Sequence[Mapping[str, Any]]
    made: Mapping[str, Any] = field(default_factory=dict)
    spans: Optional[list[SpanPrediction]] = None


@dataclass(frozen=True)
class Row:
    """All seeds of one row of the report.

    Attributes:
        key: for example ``ld/add_topk/qanet``.
        outcomes: in the order of the seeds; empty if no run is finished.
        seeds: number of planned seeds.
        fault: why outcomes are missing: failed, not run yet, left out, or "unfinished, 3 epochs".
        resamples: number of samples of each bootstrap.
    """

    key: str
    outcomes: list[Outcome]
    seeds: int
    fault: str
    resamples: int

    @property
    def label(self) -> str:
        """Name of the model in the paper's style."""
        return label_of(self.key)

    @property
    def setup(self) -> str:
        """sd | ld."""
        return self.key.split("/")[0]

    @property
    def spans(self) -> Optional[list[SpanPrediction]]:
        """Predictions of the first seed whose run is here; None if there is none."""
        return next((outcome.spans for outcome in self.outcomes if outcome.spans is not None), None)

    @cached_property
    def f1(self) -> np.ndarray:
        """F1 of each test example, mean over the seeds, (examples,), 0-100."""
        return np.mean([outcome.f1 for outcome in self.outcomes], axis=0)

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Mean and interval of each score that all outcomes have.

        Intervals are over the seeds; with one seed, those of F1 and EM are over the test examples and the
        other scores have none.
        """
        first, *others = self.outcomes
        names = [name for name in first.scores if all(name in outcome.scores for outcome in others)]
        if others:
            return {name: over_seeds([outcome.scores[name] for outcome in self.outcomes]) for name in names}
        nan = float("nan")
        found = {name: Estimate(first.scores[name], nan, nan, "one seed") for name in names}
        if len(first.f1) > 1:
            found["f1"] = over_examples(first.f1, self.resamples)
            found["em"] = over_examples(first.em, self.resamples)
        return found


def f1_of_common_seeds(first: Row, second: Row) -> tuple[list[int], np.ndarray, np.ndarray]:
    """The seeds that both rows have, and F1 of each row with these seeds, (seeds, examples), 0-100."""
    ours, theirs = ({outcome.seed: outcome.f1 for outcome in row.outcomes} for row in (first, second))
    seeds = sorted(ours.keys() & theirs.keys())
    return seeds, np.array([ours[seed] for seed in seeds]), np.array([theirs[seed] for seed in seeds])


def write_outcomes(
    path: Path,
    outcomes: Iterable[Outcome],
    made: Mapping[str, Any],
    trials: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write what a report needs of its runs, a line for each outcome.

    The file has no predictions and no text of the data.

    Args:
        made: ``date`` and ``machine`` of this report; outcomes from other reports keep their own.
        trials: of a report that tunes its rows, see ``search.kept_trials``.
    """
    lines = ",\n".join(json.dumps(_to_json(outcome, made), ensure_ascii=False) for outcome in outcomes)
    more = ",\n".join(map(json.dumps, trials))
    write_text(path, f'{{"outcomes": [\n{lines}\n]' + (f', "trials": [\n{more}\n]' if more else "") + "}\n")


def read_outcomes(paths: Sequence[str]) -> dict[str, Outcome]:
    """The outcomes in some files, by digest. If several files have the same one, the first counts.

    Raises:
        UserError: a file is missing or is not a file of outcomes.
    """
    found: dict[str, Outcome] = {}
    for outcome in _read(paths, lambda content: map(_from_json, content["outcomes"])):
        found.setdefault(outcome.digest, outcome)
    return found


def read_trials(paths: Sequence[str]) -> dict[str, Optional[float]]:
    """Dev F1 of the trials in some files, by digest; None of those that diverged.

    Raises:
        UserError: see ``read_outcomes``.
    """
    found: dict[str, Optional[float]] = {}
    for digest, f1 in _read(paths, lambda content: map(_trial_from_json, content.get("trials", ()))):
        found.setdefault(digest, f1)
    return found


def _read(paths: Sequence[str], entries: Callable[[Any], Iterable[_Entry]]) -> list[_Entry]:
    """The entries of all files, in their order."""
    found: list[_Entry] = []
    for path in paths:
        try:
            found += entries(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise UserError(f"report.kept: {path}: cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(
                f"report.kept: {path}: not a file of outcomes ({type(error).__name__}: {error}); name the"
                f" {OUTCOMES} of a report's folder."
            ) from error
    return found


def kept_from(outcomes: Iterable[Outcome]) -> list[str]:
    """For people: how many outcomes come from other reports, with machine and date of each report."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        if outcome.made:
            machine = outcome.made["machine"]
            where = f"{machine['cpu']}, {machine['cores']} cores (report of {outcome.made['date']})"
            counts[where] = counts.get(where, 0) + 1
    return [f"{count} on {where}" for where, count in counts.items()]


def _to_json(outcome: Outcome, made: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "row": outcome.row,
        "seed": outcome.seed,
        "digest": outcome.digest,
        "run": outcome.run,
        "made": dict(outcome.made or made),
        "scores": {name: round(value, 4) for name, value in outcome.scores.items()},
        "conicity": {name: round(value, 6) for name, value in outcome.conicity.items()},
        "multi": outcome.multi,
        "result": {name: outcome.result[name] for name in _RESULT if name in outcome.result},
        "epochs": [
            {name: value for name in _CURVES if (value := _rounded(line.get(name), 5)) is not None}
            for line in outcome.epochs
        ],
        "f1": [_rounded(value, _F1_DIGITS) for value in outcome.f1],
        "em": "".join("1" if value else "0" for value in outcome.em),
        "cosines": {
            name: [_rounded(value, _COSINE_DIGITS) for value in values]
            for name, values in outcome.cosines.items()
        },
    }


def _from_json(entry: Mapping[str, Any]) -> Outcome:
    f1, hits = np.array(entry["f1"], np.float64), np.array([hit == "1" for hit in entry["em"]])
    if f1.ndim != 1 or f1.shape != hits.shape or not len(f1):
        raise ValueError(f"{entry['row']}, seed {entry['seed']}: f1 and em differ in length")
    return Outcome(
        **{name: entry[name] for name in _COPIED},
        f1=f1,
        em=np.where(hits, 100.0, 0.0),
        cosines={name: np.array(values, np.float64) for name, values in entry["cosines"].items()},
    )


def _trial_from_json(entry: Mapping[str, Any]) -> tuple[str, Optional[float]]:
    return entry["digest"], None if entry["dev_f1"] is None else float(entry["dev_f1"])


def _rounded(value: Optional[float], digits: int) -> Optional[float]:
    """Rounded, whole numbers as int; None for nan, which JSON cannot express."""
    if value is None or np.isnan(value):
        return None
    value = round(float(value), digits)
    return int(value) if value.is_integer() else value
