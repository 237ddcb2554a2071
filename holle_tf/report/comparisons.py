"""Differences of F1 between two rows of the report, with intervals: the paper's, and controlled ones."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from holle_tf import paper
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.report.outcomes import LEFT_OUT, Row, f1_of_common_seeds
from holle_tf.report.rows import OWN_TWICE
from holle_tf.report.tables import NO_SCORE, SETUPS, Cell, Table
from holle_tf.report.variants import TWICE, Comparison, label_of

NOTE = (
    "Differences of F1 with 95 % intervals and two-sided p by the paired bootstrap over examples and seeds. "
    "Each resample draws test examples with replacement, and likewise draws among the seeds that both rows "
    "have; both rows, and all drawn seeds, get the same examples. Students with the same seed see the "
    "same batches; with the same interaction they also start from the same weights. Each cell lists the "
    "difference of every seed. With few seeds the interval is too narrow, because the drawn seeds vary less "
    "than new ones would (with three, their variance is a third too small). With one seed it covers the "
    "choice of examples alone: a small p then says that these two runs differ, not that the two recipes do. "
    "SAM-add-twice, SAM-add-smoothed and SAM-add-shuffled are controls, which the paper does not have: "
    "labels that count twice, labels smoothed to the entropy of the teacher's scores, and the teacher's "
    "scores of another example. A teacher adds only as much as its student is ahead of the controls."
)

CONTROLS = ("_smoothed", "_shuffled")  # ends of the names of recipes whose teacher says nothing
_NOTHING = "No student of a teacher has its control beside it, labels that count twice."
_NO_STUDENT = "No student of a teacher is in this report."
_NO_CONTROL = "; without this control, a gain below need not be the teacher's"


def compare_rows(
    rows: Mapping[str, Row], compared: Sequence[Comparison], resamples: int
) -> list[dict[str, Any]]:
    """F1 of the first row minus F1 of the second, for each comparison.

    Returns:
        An entry for each comparison with ``first``, ``second`` and ``question``. If the paper has both rows,
        also ``paper`` and ``paper_relative`` (percent). If there is no difference to show, ``missing`` says
        why. Otherwise ``mean``, ``low``, ``high``, ``p``, ``relative`` (percent of the second), ``seeds``
        that both rows have, ``by_seed`` (the difference of each seed), and ``other_teacher``: whether they
        learned from different trainings of the same teacher, so that not only the recipe differs.
    """
    published = {number.key: number.f1 for number in paper.F1}
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
    seeds, ours, theirs = f1_of_common_seeds(first, second)  # (seeds, examples)
    if not seeds or ours.shape[1] < 2:
        if LEFT_OUT in (first.fault, second.fault):
            return {"missing": LEFT_OUT}
        trained = first.outcomes and second.outcomes
        return {"missing": "no common seed" if trained and not seeds else "not run yet"}
    return {
        **paired_bootstrap(ours, theirs, resamples)._asdict(),
        "relative": 100 * float((ours - theirs).mean() / theirs.mean()) if theirs.mean() else None,
        "seeds": seeds,
        "by_seed": (ours - theirs).mean(axis=1).tolist(),
        "other_teacher": any(_other_teacher(first, second, seed) for seed in seeds),
    }


def _other_teacher(first: Row, second: Row, seed: int) -> bool:
    kinds, weights = [], []
    for row in (first, second):
        kinds.append(set(row.key.split("/")[2].split("+") if row.key.count("/") == 2 else ()))
        (result,) = (outcome.result for outcome in row.outcomes if outcome.seed == seed)
        weights.append(set(result.get("teacher_weights", ())))  # older runs did not record them
    shared = bool(kinds[0] & kinds[1])
    return shared and all(weights) and not weights[0] & weights[1]


def comparison_table(setup: str, compared: Sequence[Mapping[str, Any]]) -> Table:
    """Differences of a setup with their intervals and p, beside those of the paper."""
    body = []
    for difference in compared:
        if not difference["first"].startswith(setup):
            continue
        names = f"{label_of(difference['first'])} minus {label_of(difference['second'])}"
        trained = "; from different trainings of the teacher" if difference.get("other_teacher") else ""
        cells = [Cell(names, "label", note=difference["question"] + trained)]
        if "mean" in difference:
            p = difference["p"]
            cells.append(
                Cell(f"{difference['mean']:+.2f}", "ours", _interval(difference), _seeds(difference))
            )
            cells.append(Cell("< 0.001" if p < 0.001 else f"{p:.3f}"))
        else:
            cells += [Cell(difference["missing"], "missing"), Cell("", "missing")]
        cells.append(Cell(f"{difference['paper']:+.2f}" if "paper" in difference else NO_SCORE, "paper"))
        body.append(cells)
    title = f"Differences on {SETUPS[setup]}"
    return Table(f"differences-{setup}", title, "", [], ["", "F1", "p", "paper"], body)


def headline(difference: Mapping[str, Any], remark: str = "") -> str:
    """A difference here, whether its interval excludes zero, and the difference in the paper, in a sentence.

    Args:
        difference: an entry of ``compare_rows``.
        remark: end of the sentence.
    """
    setup = difference["first"].split("/")[0]
    names = f"{label_of(difference['first'])} minus {label_of(difference['second'])}"
    if "mean" in difference:
        relative = "" if difference["relative"] is None else f" ({difference['relative']:+.1f} %)"
        here = (
            f"{difference['mean']:+.2f} F1{relative} here, 95 % interval {_interval(difference)}, "
            f"{_seeds(difference)}; the interval {_excludes_zero(difference)}"
        )
    else:
        here = f"{difference['missing']} here"
    published = ""
    if "paper" in difference:
        published = f"; {difference['paper']:+.2f} F1 ({difference['paper_relative']:+.1f} %) in the paper"
    return f"{names}, on {SETUPS[setup]}: {here}{published}{remark}."


def headlines(compared: Sequence[Mapping[str, Any]], rows: Mapping[str, Row]) -> list[str]:
    """The sentences at the top of a report.

    For each setup they are the controlled difference of the paper's best student, then the paper's claim. If
    only the first is missing, its sentence says that the claim has no control. A setup that leaves out both
    has what its teachers add to other students, over labels that count twice. If there is nothing of that, a
    sentence says so.

    Args:
        compared: entries of ``compare_rows``.
        rows: every row of the report, by key.
    """
    pairs = {(pair["first"], pair["second"]): pair for pair in compared}
    sentences = []
    for setup in ("ld", "sd"):  # the paper's claim is about long documents
        student = f"{setup}/add_topk/qanet"
        control, claim = (pairs[student, f"{setup}/{other}"] for other in ("add_twice", "mul_train"))
        if _left_out(claim):
            others = [pair for pair in compared if pair["first"].startswith(setup) and _controlled(pair)]
            sentences += [headline(pair) for pair in others if not _left_out(pair)]
        else:
            sentences += [headline(control, _NO_CONTROL if "missing" in control else ""), headline(claim)]
    taught = any(key.count("/") == 2 and row.fault != LEFT_OUT for key, row in rows.items())
    return sentences or [_NOTHING if taught else _NO_STUDENT]


def _left_out(difference: Mapping[str, Any]) -> bool:
    return difference.get("missing") == LEFT_OUT


def _controlled(difference: Mapping[str, Any]) -> bool:
    """Whether it says what a teacher adds to labels that count twice."""
    recipe = difference["first"].split("/")[1]
    return difference["question"] in (TWICE, OWN_TWICE) and not recipe.endswith(CONTROLS)


def _excludes_zero(difference: Mapping[str, Any]) -> str:
    excluded = difference["low"] > 0 or difference["high"] < 0
    return "excludes zero" if excluded else "includes zero, so no difference is shown"


def _interval(difference: Mapping[str, Any]) -> str:
    return f"{difference['low']:+.2f} to {difference['high']:+.2f}"


def _seeds(difference: Mapping[str, Any]) -> str:
    """For example "2 seeds: +1.20, -0.31"."""
    by_seed = difference["by_seed"]
    if len(by_seed) == 1:
        return "1 seed"
    return f"{len(by_seed)} seeds: " + ", ".join(f"{value:+.2f}" for value in by_seed)
