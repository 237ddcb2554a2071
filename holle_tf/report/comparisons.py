"""What the paper compares: differences of F1 between two rows of the report, with their intervals."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from holle_tf import paper
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.report.outcomes import LEFT_OUT, Row
from holle_tf.report.tables import SETUPS, Cell, Table
from holle_tf.report.variants import Comparison, label_of

NOTE = (
    "Differences of F1 with their 95 % intervals by the paired bootstrap: test examples are drawn together "
    "for both, each with its mean over the seeds that both have (students of one seed see the same batches "
    "and, of one interaction, begin with the same weights); p is two-sided. The cell has the difference of "
    "each seed: what another one would change is in the interval only as far as seeds are averaged, and with "
    "one seed a small p says that these two runs differ, not that the two recipes do."
)


def compare_rows(
    rows: Mapping[str, Row], compared: Sequence[Comparison], resamples: int
) -> list[dict[str, Any]]:
    """F1 of the first row minus that of the second, for each comparison, as far as both are there.

    Returns:
        For each ``first``, ``second``, ``question``; ``paper`` and ``paper_relative`` (percent) where the
        paper has both; and either ``missing``, which says why there is nothing, or ``mean``, ``low``,
        ``high``, ``p``, ``relative`` (percent of the second), ``seeds`` that both have, ``by_seed``,
        the difference of each, and ``other_teacher``: whether they learned from different trainings of one
        teacher, so that more than the recipe may be in the difference.
    """
    published = {one.key: one.f1 for one in paper.F1}
    found = []
    for first, second, question in compared:
        entry: dict[str, Any] = {"first": first, "second": second, "question": question}
        if first in published and second in published:
            entry["paper"] = round(published[first] - published[second], 2)
            entry["paper_relative"] = 100 * (published[first] / published[second] - 1)
        entry.update(_difference(rows[first], rows[second], resamples))
        found.append(entry)
    return found


def _difference(first: Row, second: Row, resamples: int) -> dict[str, Any]:
    ours, theirs = ({one.seed: one.f1 for one in row.outcomes} for row in (first, second))  # (examples,)
    seeds = sorted(ours.keys() & theirs.keys())
    if not seeds or len(ours[seeds[0]]) < 2:
        if LEFT_OUT in (first.fault, second.fault):
            return {"missing": LEFT_OUT}
        return {"missing": "no seed of both" if ours and theirs and not seeds else "not run yet"}
    a, b = (np.mean([one[seed] for seed in seeds], axis=0) for one in (ours, theirs))  # (examples,)
    return {
        **paired_bootstrap(a, b, resamples)._asdict(),
        "relative": 100 * float((a - b).mean() / b.mean()) if b.mean() else None,
        "seeds": seeds,
        "by_seed": [float((ours[seed] - theirs[seed]).mean()) for seed in seeds],
        "other_teacher": any(_other_teacher(first, second, seed) for seed in seeds),
    }


def _other_teacher(first: Row, second: Row, seed: int) -> bool:
    kinds, weights = [], []
    for row in (first, second):
        kinds.append(set(row.key.split("/")[2].split("+") if row.key.count("/") == 2 else ()))
        (result,) = (one.result for one in row.outcomes if one.seed == seed)
        weights.append(set(result.get("teacher_weights", ())))  # of runs from before it was kept, none
    shared = bool(kinds[0] & kinds[1])
    return shared and all(weights) and not weights[0] & weights[1]


def comparison_table(setup: str, compared: Sequence[Mapping[str, Any]]) -> Table:
    """Differences of one setup with their intervals and p, beside the paper's."""
    body = []
    for one in compared:
        if not one["first"].startswith(setup):
            continue
        names = f"{label_of(one['first'])} minus {label_of(one['second'])}"
        trained = "; from different trainings of the teacher" if one.get("other_teacher") else ""
        cells = [Cell(names, "label", note=one["question"] + trained)]
        if "mean" in one:
            cells.append(
                Cell(f"{one['mean']:+.2f}", "ours", f"{one['low']:+.2f} to {one['high']:+.2f}", _seeds(one))
            )
            cells.append(Cell("< 0.001" if one["p"] < 0.001 else f"{one['p']:.3f}"))
        else:
            cells += [Cell(one["missing"], "missing"), Cell("", "missing")]
        cells.append(Cell(f"{one['paper']:+.2f}" if "paper" in one else "", "paper"))
        body.append(cells)
    title = f"Differences on {SETUPS[setup]}"
    return Table(f"differences-{setup}", title, "", [], ["", "F1", "p", "paper"], body)


def headline(one: Mapping[str, Any]) -> str:
    """The paper's claim of one setup, and what came out here, in a sentence."""
    setup = one["first"].split("/")[0]
    said = f"On {SETUPS[setup]}, {label_of(one['first'])} against {label_of(one['second'])}: "
    if "mean" in one:
        relative = "" if one["relative"] is None else f" ({one['relative']:+.1f} %)"
        said += (
            f"{one['mean']:+.2f} F1{relative} here, 95 % interval {one['low']:+.2f} to {one['high']:+.2f}, "
            f"{_seeds(one)}"
        )
    else:
        said += f"{one['missing']} here"
    return f"{said}; {one['paper']:+.2f} F1 ({one['paper_relative']:+.1f} %) in the paper."


def _seeds(one: Mapping[str, Any]) -> str:
    """As "2 seeds: +1.20, -0.31"."""
    if len(one["seeds"]) == 1:
        return "1 seed"
    return f"{len(one['seeds'])} seeds: " + ", ".join(f"{value:+.2f}" for value in one["by_seed"])
