"""The tables of the report as data: the paper's six with controls, all scores, and further references."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from holle_tf import paper
from holle_tf.catalogue import DEFAULT_STUDENT, title_of
from holle_tf.distill.recipes import CONTROLS, RECIPES
from holle_tf.evaluate.scores import SCORES
from holle_tf.evaluate.statistics import Estimate
from holle_tf.report.outcomes import Row
from holle_tf.report.variants import READINGS, label_of

SETUPS = {"sd": "short documents", "ld": "long documents"}
# How teachers read long documents, by ``distill.long_teacher``; the paper has "chunks".
_LONG_READINGS = {
    "chunks": "long documents are read in chunks by the model trained on short documents",
    "windows": "here, long documents are read in chunks by a model trained on random windows of them; in the "
    "paper, by the model trained on short documents",
    "whole": "here, long documents are read whole by a model trained on long documents; in the paper, in "
    "chunks by the model trained on short documents",
}

NO_SCORE = "-"  # of a run that was scored before the score existed, and where the paper has no number


class Cell(NamedTuple):
    """A cell of a table.

    Attributes:
        text: the value as shown.
        kind: ours | paper | missing | label.
        interval: for example "58.9 to 62.1", or empty.
        note: for example "3 seeds", or empty.
    """

    text: str
    kind: str = "ours"
    interval: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table for HTML, Markdown and JSON.

    Attributes:
        name: target of links.
        title: heading.
        caption: in sentences, what it shows and how.
        groups: titles of groups of columns, each with its number of columns; may be empty.
        columns: title of each column.
        rows: a cell for each column.
        note: shown below the table; may be empty.
    """

    name: str
    title: str
    caption: str
    groups: Sequence[tuple[str, int]]
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def number_cell(estimate: Estimate, note: str, digits: int = 1) -> Cell:
    """A mean with its interval."""
    interval = ""
    if not math.isnan(estimate.low):
        interval = f"{estimate.low:.{digits}f} to {estimate.high:.{digits}f}"
    return Cell(f"{estimate.mean:.{digits}f}", "ours", interval, note)


def score_cell(row: Row, score: str = "f1") -> Cell:
    """Mean of a score over the seeds of a row, or why there is none.

    The text is "-" if a run was scored before the score existed.
    """
    if not row.outcomes:
        return Cell(row.fault, "missing")
    if score not in row.estimates:
        return Cell(NO_SCORE, "missing", note=seeds_note(row))
    return number_cell(row.estimates[score], seeds_note(row))


def seeds_note(row: Row) -> str:
    """How many seeds a mean of the row is over, for example "3 seeds"."""
    count = len(row.outcomes)
    if row.seeds > count and row.seeds > 1:
        return f"{count} of {row.seeds} seeds" + (", a run failed" if row.fault == "failed" else "")
    return "1 seed" if count == 1 else f"{count} seeds"


def f1_tables(rows: Mapping[str, Row], long_teacher: str) -> list[Table]:
    """Tables 2, 3 and 4 of the paper; 3 and 4 with the controls behind the recipes that they control.

    Args:
        long_teacher: the kind of teacher that reads long documents, one of ``LONG_TEACHERS``.
    """
    titles = {
        2: "Models on their own labels",
        3: "Students on long documents",
        4: "Students on short documents",
    }
    tables = []
    for number, title in titles.items():
        published = [entry for entry in paper.F1 if entry.table == number]
        heads = ["long documents", "short documents"] if number == 2 else ["BiDAF", "QANeT"]
        body: dict[str, list[Cell]] = {}
        for entry in published:
            cells = body.setdefault(entry.label, [Cell(entry.label, "label"), *[Cell("", "paper")] * 4])
            place = (
                {"ld": 1, "sd": 3}[entry.setup]
                if number == 2
                else {"bidaf": 1, "qanet": 3}[entry.teachers[-1]]
            )
            cells[place : place + 2] = [score_cell(rows[entry.key]), Cell(f"{entry.f1:.2f}", "paper")]
        if number != 2:
            body = _with_controls(body, {3: "ld", 4: "sd"}[number], rows)
        noted: dict[str, list[str]] = {}
        for entry in published:
            note = _LONG_READINGS[long_teacher] if entry.key in READINGS else entry.note
            if note:
                noted.setdefault(note, []).append(entry.label)
        notes = [f"{' and '.join(labels)}: {note}." for note, labels in noted.items()]
        caption = "F1 on the test split."
        if number != 2:
            caption = (
                "F1 on the test split, by the teacher of the student. SAM-add-ensemble and SAM-add-both "
                "learn from both teachers. Controls have no number in the paper: labels that count twice "
                "(SAM-add-twice, SAM-mul-twice; without a teacher, so the same in both columns), labels "
                "smoothed to the teacher's entropy (SAM-add-smoothed), and the teacher's scores of another "
                "example (SAM-add-shuffled)."
            )
        tables.append(
            Table(f"table-{number}", f"Table {number}. {title}", " ".join([caption, *notes]),
                  [("", 1), *((head, 2) for head in heads)], ["model", *["here", "paper"] * 2],
                  list(body.values()))
        )  # fmt: skip
    return tables


def _with_controls(
    body: Mapping[str, list[Cell]], setup: str, rows: Mapping[str, Row]
) -> dict[str, list[Cell]]:
    """A table of students by teacher, with the controls of each recipe below the row of that recipe."""
    found = {}
    for label, cells in body.items():
        found[label] = cells
        controlled = next((name for name in RECIPES if label_of(f"{setup}/{name}") == label), "")
        for control in CONTROLS.values():
            if control.controls != controlled:
                continue
            added = [Cell(label_of(f"{setup}/{control.name}"), "label", note="control")]
            for kind in ("bidaf", "qanet"):
                row = rows.get(f"{setup}/{control.name}{f'/{kind}' if control.teachers else ''}")
                added += [score_cell(row), Cell(NO_SCORE, "paper")] if row else [Cell("", "paper")] * 2
            if any(cell.text for cell in added[1:]):
                found[added[0].text] = added
    return found


def inference_table(costs: Optional[Mapping[str, Any]]) -> Table:
    """Table 1 of the paper: memory and time of inference, also relative to SAM."""
    rows = []
    for setup, models in paper.INFERENCE.items():
        measured = ((costs or {}).get("inference") or {}).get(setup)
        for model in dict.fromkeys([*models, *(measured or {})]):
            published = models.get(model)
            cells = [Cell(f"{title_of(model)}, {setup.upper()}", "label")]
            for i, (key, unit) in enumerate((("memory_mb", "MB"), ("seconds", "s"))):
                if measured and model in measured:
                    ratio = measured[model][key] / measured[DEFAULT_STUDENT][key]
                    cells.append(Cell(f"{measured[model][key]:,.{1 if unit == 's' else 0}f} {unit}"))
                    cells.append(Cell(f"{ratio:.1f}"))
                else:
                    cells += [Cell("not measured", "missing"), Cell("", "missing")]
                cells.append(Cell(f"{published[i]:,} {unit}" if published else "", "paper"))
                cells.append(Cell(f"{published[i] / models['sam'][i]:.1f}" if published else "", "paper"))
            rows.append(cells)
    columns = ["here", "x SAM", "paper", "x SAM"]
    caption = (
        "Each model reads the test split once, in a process of its own. Memory is the peak without what the "
        "imports take. The paper's numbers were measured with Holl-E on a GPU, so compare the ratios to SAM."
    )
    return Table("table-1", "Table 1. Cost of inference", caption, [("", 1), ("memory", 4), ("time", 4)],
                 ["model", *columns, *columns], rows)  # fmt: skip


def training_table(costs: Optional[Mapping[str, Any]]) -> Table:
    """Table 5 of the paper: parameters and time of an epoch."""
    rows = []
    found = (costs or {}).get("training") or {}
    for model in dict.fromkeys([*paper.TRAINING, *found]):
        measured, published = found.get(model), paper.TRAINING.get(model)
        cells = [Cell(title_of(model), "label")]
        cells.append(Cell(f"{measured['parameters']:,}") if measured else Cell("not measured", "missing"))
        cells.append(Cell(f"{published[0]} M" if published else "", "paper"))
        if measured:
            ratio = measured["seconds_per_epoch"] / found[DEFAULT_STUDENT]["seconds_per_epoch"]
            cells += [Cell(f"{measured['seconds_per_epoch']:,.1f} s"), Cell(f"{ratio:.1f}")]
        else:
            cells += [Cell("not measured", "missing"), Cell("", "missing")]
        cells.append(Cell(f"{published[1]:,} s" if published else "", "paper"))
        cells.append(Cell(f"{published[1] / paper.TRAINING['sam'][1]:.1f}" if published else "", "paper"))
        rows.append(cells)
    caption = (
        "Trainable parameters, and the time of an epoch on short documents, computed from the median of some "
        "steps. The paper's times were measured with Holl-E on a GPU, so compare the ratios to SAM."
    )
    return Table("table-5", "Table 5. Cost of training", caption,
                 [("", 1), ("parameters", 2), ("time of an epoch", 4)],
                 ["model", "here", "paper", "here", "x SAM", "paper", "x SAM"], rows)  # fmt: skip


def scores_table(setup: str, rows: Mapping[str, Row], baselines: Sequence[Mapping[str, Any]]) -> Table:
    """Every score of the baselines and of the rows of a setup."""
    body = [
        [Cell(scores["name"], "label", note="baseline"), *(_mean_cell([scores], name) for name in SCORES)]
        for scores in baselines
    ]
    for row in rows.values():
        if row.setup == setup and row.outcomes:
            cells = [score_cell(row, name) for name in SCORES]
            body.append(
                [Cell(row.label, "label", note=cells[0].note), *(cell._replace(note="") for cell in cells)]
            )
    caption = (
        "Means over the seeds. With one seed, F1 and EM have the bootstrap interval over test examples and "
        "the other scores have none. Rows without a finished run are left out."
    )
    caption += no_score_note(body)
    return Table(f"scores-{setup}", f"All scores on {SETUPS[setup]}", caption, [],
                 ["", *(score.title for score in SCORES.values())], body)  # fmt: skip


def _mean_cell(scored: Sequence[Mapping[str, Any]], score: str) -> Cell:
    """Mean of a score, or "-" if some were scored before the score existed."""
    if any(score not in scores for scores in scored):
        return Cell(NO_SCORE, "missing")
    return Cell(f"{_mean([scores[score] for scores in scored]):.1f}")


def references_table(setup: str, rows: Mapping[str, Row]) -> Optional[Table]:
    """Scores of the same examples without and with further references; None if no row has any."""
    body, counts = [], None
    for row in rows.values():
        scored = [outcome.multi for outcome in row.outcomes if outcome.multi and "multi" in outcome.multi]
        if row.setup != setup or not scored:
            continue
        counts = scored[0]
        fewer = f"{len(scored)} of {row.seeds} seeds" if len(scored) < row.seeds else ""
        cells = [Cell(row.label, "label", note=fewer)]
        for name in SCORES:
            for kind in ("single", "multi"):
                cells.append(_mean_cell([multi[kind] for multi in scored], name))
        body.append(cells)
    if counts is None:
        return None
    caption = (
        f"{counts['examples']:,} test examples have further references and {counts['without']:,} have none; "
        f"{counts['unknown']:,} ids in the file match no example here. Both columns score the same examples: "
        '"one" against the span of the data alone, "all" against the best of all references.'
    )
    caption += no_score_note(body)
    groups = [("", 1), *((score.title, 2) for score in SCORES.values())]
    return Table(f"references-{setup}", f"Several references, {SETUPS[setup]}", caption, groups,
                 ["", *["one", "all"] * len(SCORES)], body)  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def no_score_note(body: Sequence[Sequence[Cell]], what: str = "that score") -> str:
    """What ``NO_SCORE`` means, for the caption of a table that has it; ``what`` is what the run lacks."""
    if not any(cell.text == NO_SCORE for cells in body for cell in cells):
        return ""
    return f" A {NO_SCORE} marks a run that was scored before {what} existed."
