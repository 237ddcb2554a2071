"""What came out of a run, and of all runs of a row of the report.

Outcomes are written to ``outcomes.json``, from which a report on another machine can go on without the runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence

import numpy as np

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.statistics import Estimate, over_examples, over_seeds
from holle_tf.report.variants import label_of
from holle_tf.runs.run_folder import write_text
from pipelines.errors import UserError

LEFT_OUT = "left out"  # by report.only
OUTCOMES = "outcomes.json"
_CURVES = ("epoch", "loss", "labels", "val_loss", "val_f1", "seconds")
_RESULT = ("parameters", "epochs", "best_epoch", "seconds_per_epoch", "peak_memory_mb", "teacher_weights")
_AS_THEY_ARE = (
    "row", "seed", "digest", "run", "made", "scores", "conicity", "multi", "result", "epochs",
)  # fmt: skip
_F1_DIGITS, _COSINE_DIGITS = 3, 4


@dataclass(frozen=True)
class Outcome:
    """One finished run on the test split.

    Attributes:
        row: of the report.
        seed: of the run.
        digest: of everything that decides it, see ``Runs.digest``.
        run: name of its folder.
        scores: by name, those of ``SCORES`` that existed when the run was scored.
        f1: of every example in the order of the data, (examples,), 0-100.
        em: likewise, 0 or 100.
        cosines: vector name -> (examples,), see ``evaluation.cosines_of``.
        conicity: vector name -> mean over conversations.
        multi: what ``score_with_references`` gives; None where no file was given.
        result: ``result.json``.
        epochs: what its training logged; empty where these are other documents than those of its training.
        made: ``date`` and ``machine`` of the report that it was kept from; empty where the run is here.
        spans: its predictions in the order of the data; None of what was kept.
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
        key: as ``ld/add_topk/qanet``.
        outcomes: in the order of the seeds; empty where nothing is finished.
        seeds: how many there are to be.
        fault: why outcomes are missing, for the cell: failed, not run yet, left out, "begun, 3 epochs".
        resamples: of every bootstrap.
    """

    key: str
    outcomes: list[Outcome]
    seeds: int
    fault: str
    resamples: int

    @property
    def label(self) -> str:
        """As the paper writes it."""
        return label_of(self.key)

    @property
    def setup(self) -> str:
        """sd | ld."""
        return self.key.split("/")[0]

    @property
    def spans(self) -> Optional[list[SpanPrediction]]:
        """Predictions of the first seed whose run is here; None where there is none."""
        return next((one.spans for one in self.outcomes if one.spans is not None), None)

    @cached_property
    def f1(self) -> np.ndarray:
        """F1 of every test example, mean over the seeds, (examples,), 0-100."""
        return np.mean([one.f1 for one in self.outcomes], axis=0)

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

    def mean_conicity(self) -> Optional[float]:
        """Over the model's vectors and the seeds; None where it has none."""
        values = [value for one in self.outcomes for value in one.conicity.values()]
        return float(np.mean(values)) if values else None


def write_outcomes(path: Path, outcomes: Iterable[Outcome], made: Mapping[str, Any]) -> None:
    """Write all that a report needs of its runs but their predictions, a line for each; no text of the data.

    Args:
        made: ``date`` and ``machine`` of this report, for those that were not kept from elsewhere themselves.
    """
    lines = [json.dumps(_to_json(one, made), ensure_ascii=False) for one in outcomes]
    write_text(path, '{"outcomes": [\n' + ",\n".join(lines) + "\n]}\n")


def read_outcomes(paths: Sequence[str]) -> dict[str, Outcome]:
    """The outcomes of some files by their digests; of one that is in several, that of the first file.

    Raises:
        UserError: a file is missing, broken, or has none of these.
    """
    found: dict[str, Outcome] = {}
    for path in paths:
        try:
            entries = json.loads(Path(path).read_text(encoding="utf-8"))["outcomes"]
            for one in map(_from_json, entries):
                found.setdefault(one.digest, one)
        except OSError as error:
            raise UserError(f"report.kept: {path}: cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"report.kept: {path}: no outcomes are there ({type(error).__name__}: {error}); it takes"
                f" the {OUTCOMES} of a report's folder."
            ) from error
    return found


def kept_from(outcomes: Iterable[Outcome]) -> list[str]:
    """Where what is not of runs here was trained, for people: a machine and a date each."""
    counts: dict[str, int] = {}
    for one in outcomes:
        if one.made:
            machine = one.made["machine"]
            where = f"{machine['cpu']}, {machine['cores']} cores, in the report of {one.made['date']}"
            counts[where] = counts.get(where, 0) + 1
    return [f"{count} on {where}" for where, count in counts.items()]


def _to_json(one: Outcome, made: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "row": one.row,
        "seed": one.seed,
        "digest": one.digest,
        "run": one.run,
        "made": dict(one.made or made),
        "scores": {name: round(value, 4) for name, value in one.scores.items()},
        "conicity": {name: round(value, 6) for name, value in one.conicity.items()},
        "multi": one.multi,
        "result": {name: one.result[name] for name in _RESULT if name in one.result},
        "epochs": [
            {name: value for name in _CURVES if (value := _rounded(line.get(name), 5)) is not None}
            for line in one.epochs
        ],
        "f1": [_rounded(value, _F1_DIGITS) for value in one.f1],
        "em": "".join("1" if value else "0" for value in one.em),
        "cosines": {
            name: [_rounded(value, _COSINE_DIGITS) for value in values]
            for name, values in one.cosines.items()
        },
    }


def _from_json(entry: Mapping[str, Any]) -> Outcome:
    f1, hits = np.array(entry["f1"], np.float64), np.array([one == "1" for one in entry["em"]])
    if f1.ndim != 1 or f1.shape != hits.shape or not len(f1):
        raise ValueError(f"{entry['row']}, seed {entry['seed']}: f1 and em are not of the same examples")
    return Outcome(
        **{name: entry[name] for name in _AS_THEY_ARE},
        f1=f1,
        em=np.where(hits, 100.0, 0.0),
        cosines={name: np.array(values, np.float64) for name, values in entry["cosines"].items()},
    )


def _rounded(value: Optional[float], digits: int) -> Optional[float]:
    """Whole numbers as such, and None for nan, which JSON does not have."""
    if value is None or np.isnan(value):
        return None
    value = round(float(value), digits)
    return int(value) if value.is_integer() else value
