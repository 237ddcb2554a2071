"""The tables of the report as data: the paper's six, and those that a reader asks for next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from holle_tf import paper
from holle_tf.catalogue import DEFAULT_STUDENT, title_of, vector_titles
from holle_tf.evaluate.scores import SCORES
from holle_tf.evaluate.statistics import Estimate
from holle_tf.report.outcomes import Row
from holle_tf.report.variants import READINGS

SETUPS = {"sd": "short documents", "ld": "long documents"}
# How teachers read long documents; the paper's read chunks, after a training on short ones.
_LONG_READINGS = {
    "chunks": "long documents are read in chunks by the model of short documents",
    "windows": "long documents are read in chunks by a model of random windows of them, "
    "the paper's by the model of short documents",
    "whole": "long documents are read whole by a model of long documents, "
    "the paper's in chunks by the model of short documents",
}

NO_SCORE = "-"  # of a run that was scored before the score existed


class Cell(NamedTuple):
    """What stands in one place.

    Attributes:
        text: the value, as it is shown.
        kind: ours | paper | missing | label.
        interval: as "58.9 to 62.1", or nothing.
        note: as "3 seeds", or nothing.
    """

    text: str
    kind: str = "ours"
    interval: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table for the page, the markdown and the JSON.

    Attributes:
        name: in links.
        title: its heading.
        caption: what it shows and how, in sentences.
        groups: titles over the columns, and how many columns each is over; empty where there are none.
        columns: titles, that of the first column included.
        rows: cells, as many as columns.
    """

    name: str
    title: str
    caption: str
    groups: Sequence[tuple[str, int]]
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


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
    count = len(row.outcomes)
    seeds = "1 seed" if count == 1 else f"{count} seeds"
    if row.seeds > count and row.seeds > 1:
        seeds = f"{count} of {row.seeds} seeds" + (", one failed" if row.fault == "failed" else "")
    if score not in row.estimates:
        return Cell(NO_SCORE, "missing", note=seeds)
    return number_cell(row.estimates[score], seeds)


def f1_tables(rows: Mapping[str, Row], long_teacher: str) -> list[Table]:
    """Tables 2, 3 and 4 of the paper.

    Args:
        long_teacher: one of ``LONG_TEACHERS``, whose rows of long documents these are.
    """
    titles = {
        2: "Models on their own labels",
        3: "Students on long documents",
        4: "Students on short documents",
    }
    tables = []
    for number, title in titles.items():
        published = [one for one in paper.F1 if one.table == number]
        heads = ["long documents", "short documents"] if number == 2 else ["BiDAF", "QANeT"]
        body: dict[str, list[Cell]] = {}
        for one in published:
            cells = body.setdefault(one.label, [Cell(one.label, "label"), *[Cell("", "paper")] * 4])
            at = {"ld": 1, "sd": 3}[one.setup] if number == 2 else {"bidaf": 1, "qanet": 3}[one.teachers[-1]]
            cells[at : at + 2] = [score_cell(rows[one.key]), Cell(f"{one.f1:.2f}", "paper")]
        noted: dict[str, list[str]] = {}
        for one in published:
            note = _LONG_READINGS[long_teacher] if one.key in READINGS else one.note
            if note:
                noted.setdefault(note, []).append(one.label)
        notes = [f"{' and '.join(labels)}: {note}." for note, labels in noted.items()]
        both = "SAM-add-ensemble and SAM-add-both learn from both teachers. " if number != 2 else ""
        caption = f"F1 on the test split{'' if number == 2 else ', by the teacher of the student'}. {both}"
        tables.append(
            Table(f"table-{number}", f"Table {number}. {title}", caption + " ".join(notes),
                  [("", 1), *((head, 2) for head in heads)], ["model", *["here", "paper"] * 2],
                  list(body.values()))
        )  # fmt: skip
    return tables


def inference_table(costs: Optional[Mapping[str, Any]]) -> Table:
    """Table 1 of the paper: memory and time of inference, and how they compare with SAM's."""
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
    one = ["here", "x SAM", "paper", "x SAM"]
    caption = (
        "The test split once through each model, in a process of its own; memory is the peak less that of "
        "the imports. The paper's are of a GPU and of Holl-E: compare the ratios to SAM."
    )
    return Table("table-1", "Table 1. Cost of inference", caption, [("", 1), ("memory", 4), ("time", 4)],
                 ["model", *one, *one], rows)  # fmt: skip


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
        "Trainable parameters, and an epoch of training on short documents from the median of some steps. "
        "The paper's times are of a GPU and of Holl-E: compare the ratios to SAM."
    )
    return Table("table-5", "Table 5. Cost of training", caption,
                 [("", 1), ("parameters", 2), ("time of an epoch", 4)],
                 ["model", "here", "paper", "here", "x SAM", "paper", "x SAM"], rows)  # fmt: skip


def conicity_table(rows: Mapping[str, Row], own: Sequence[str] = ()) -> Table:
    """Table 6 of the paper, with the vectors one by one, and of the distilled students beside.

    Args:
        own: keys of the rows of one's own on short documents.
    """
    body = []
    names = ("bidaf", "qanet", "mul_train", "add_train", "add/qanet", "add_topk/qanet")
    for key in (*(f"sd/{name}" for name in names), *own):
        row = rows[key]
        published = str(paper.CONICITY.get(key[len("sd/") :], ""))
        mean = row.mean_conicity()
        if mean is None:
            body.append([Cell(row.label, "label"), Cell("", "missing"), Cell(row.fault or "none", "missing"),
                         Cell(published, "paper")])  # fmt: skip
            continue
        vectors = row.outcomes[0].conicity
        each = ", ".join(
            f"{vector_titles()[v]} {sum(one.conicity[v] for one in row.outcomes) / len(row.outcomes):.2f}"
            for v in vectors
        )
        seeds = f"{len(row.outcomes)} seed{'s' if len(row.outcomes) > 1 else ''}"
        body.append(
            [Cell(row.label, "label"), Cell(each), Cell(f"{mean:.2f}", note=seeds), Cell(published, "paper")]
        )
    caption = (
        "Mean over test conversations, on short documents, of the mean cosine of each vector with the mean "
        "of its conversation; low means diverse. Conversations of one example, 1 by definition, are left "
        "out. The paper gives one number for its complex models together."
    )
    return Table("table-6", "Table 6. Conicity", caption, [], ["model", "vectors", "here", "paper"], body)


def scores_table(setup: str, rows: Mapping[str, Row], baselines: Sequence[Mapping[str, Any]]) -> Table:
    """Every score of every row of one setup, below the baselines."""
    body = [
        [Cell(one["name"], "label", note="baseline"), *(_mean_cell([one], name) for name in SCORES)]
        for one in baselines
    ]
    for row in rows.values():
        if row.setup == setup and row.outcomes:
            cells = [score_cell(row, name) for name in SCORES]
            body.append(
                [Cell(row.label, "label", note=cells[0].note), *(one._replace(note="") for one in cells)]
            )
    caption = (
        "Means over the seeds. F1 and EM of one seed have the bootstrap interval over examples, other scores "
        "of one seed none. Rows without a finished run are left out."
    )
    caption += _no_score_note(body)
    return Table(f"scores-{setup}", f"All scores on {SETUPS[setup]}", caption, [],
                 ["", *(score.title for score in SCORES.values())], body)  # fmt: skip


def _mean_cell(found: Sequence[Mapping[str, Any]], score: str) -> Cell:
    """Mean of a score, or "-" where some were computed before there was this score."""
    if any(score not in one for one in found):
        return Cell(NO_SCORE, "missing")
    return Cell(f"{sum(one[score] for one in found) / len(found):.1f}")


def references_table(setup: str, rows: Mapping[str, Row]) -> Optional[Table]:
    """Scores with further references, beside those of the same examples without; None without a file."""
    body, counts = [], None
    for row in rows.values():
        scored = [one.multi for one in row.outcomes if one.multi and "multi" in one.multi]
        if row.setup != setup or not scored:
            continue
        counts = scored[0]
        fewer = f"{len(scored)} of {row.seeds} seeds" if len(scored) < row.seeds else ""
        cells = [Cell(row.label, "label", note=fewer)]
        for name in SCORES:
            for kind in ("single", "multi"):
                cells.append(_mean_cell([one[kind] for one in scored], name))
        body.append(cells)
    if counts is None:
        return None
    caption = (
        f"{counts['examples']:,} test examples have further references, {counts['without']:,} have none; "
        f"{counts['unknown']:,} ids of the file are of no example here. Both columns are of the same "
        "examples: against the span of the data alone, and against the best of all references."
    )
    caption += _no_score_note(body)
    groups = [("", 1), *((score.title, 2) for score in SCORES.values())]
    return Table(f"references-{setup}", f"Several references, {SETUPS[setup]}", caption, groups,
                 ["", *["one", "all"] * len(SCORES)], body)  # fmt: skip


def _no_score_note(body: Sequence[Sequence[Cell]]) -> str:
    """What ``NO_SCORE`` means, for the caption of a table that has it."""
    if not any(cell.text == NO_SCORE for cells in body for cell in cells):
        return ""
    return f" A {NO_SCORE} marks a run that was scored before that score existed."
