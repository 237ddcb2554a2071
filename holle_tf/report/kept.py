"""Outcomes without their runs: with ``outcomes.json`` a report goes on from what other machines trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence

import numpy as np

from holle_tf.report.outcomes import Outcome
from holle_tf.runs.run_folder import write_text
from pipelines.errors import UserError

OUTCOMES = "outcomes.json"
_CURVES = ("epoch", "loss", "labels", "val_loss", "val_f1", "seconds")
_RESULT = ("parameters", "epochs", "best_epoch", "seconds_per_epoch", "peak_memory_mb", "teacher_weights")
_AS_THEY_ARE = (
    "row", "seed", "digest", "run", "made", "scores", "conicity", "multi", "result", "epochs",
)  # fmt: skip
_F1_DIGITS, _COSINE_DIGITS = 3, 4


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
