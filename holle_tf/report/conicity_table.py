"""Table 6 of the paper: conicity, for teachers by the vector that it is read from."""

from __future__ import annotations

from statistics import fmean
from typing import Mapping, Sequence

from holle_tf import paper
from holle_tf.catalogue import MODELS, is_student, vector_titles
from holle_tf.report.outcomes import Row
from holle_tf.report.tables import NO_SCORE, Cell, Table, no_score_note, seeds_note

_NAMES = ("bidaf", "qanet", "mul_train", "add_train", "add/qanet", "add_topk/qanet")
_CAPTION = (
    "The mean cosine of a vector with the mean vector of its conversation, averaged over the test "
    "conversations of short documents. Low means diverse. Conversations with a single example, whose "
    "value is 1 by definition, are left out. A teacher has a row for each vector that can be read. The paper "
    "gives one number for BiDAF and QANeT together."
)
_NOTE = (
    "Why the readings of a teacher differ. The mean context-to-query vector is the question as each word "
    "of the document attends to it, averaged; it changes with the question. h~ is a weighted mean of the "
    "document's words, and row sums mostly measure the document's words alone. So both are nearly the "
    "same for examples with the same document, and h~ even for two excerpts of it. The paper measures "
    "'context-to-query vectors h~' of BiDAF in section 4.1 but defines h~ as query to context in section "
    "3.1, so its number stands in both rows."
)


def conicity_table(rows: Mapping[str, Row], own: Sequence[str] = ()) -> Table:
    """Table 6 of the paper, with each vector of teachers, and with distilled students as well.

    A run that was evaluated before a vector existed has "-" there.

    Args:
        own: keys of the rows of ``report.rows`` on short documents.
    """
    body = []
    for key in (*(f"sd/{name}" for name in _NAMES), *own):
        name = key[len("sd/") :]
        if name in MODELS and not is_student(name):
            readings = MODELS[name].conicity
            body += [_teacher_cells(rows[key], vector, f"{name}/{vector}") for vector in readings]
        else:
            body.append(_student_cells(rows[key], name))
    caption = _CAPTION + no_score_note(body, "that vector")
    return Table("table-6", "Table 6. Conicity", caption, [], ["model", "vector", "here", "paper"], body,
                 note=_NOTE)  # fmt: skip


def _teacher_cells(row: Row, vector: str, published: str) -> list[Cell]:
    """A row of the table for one vector of a teacher."""
    return [
        Cell(row.label, "label"),
        Cell(vector_titles()[vector]),
        _mean_cell(row, [vector]),
        Cell(str(paper.CONICITY.get(published, "")), "paper"),
    ]


def _student_cells(row: Row, published: str) -> list[Cell]:
    """A row of the table for a student, with the mean over its vectors, as the paper has it."""
    vectors = list(row.outcomes[0].conicity) if row.outcomes else []
    each = (f"{vector_titles()[vector]} {_mean_cell(row, [vector]).text}" for vector in vectors)
    return [
        Cell(row.label, "label"),
        Cell(", ".join(each), "ours" if vectors else "missing"),
        _mean_cell(row, vectors),
        Cell(str(paper.CONICITY.get(published, "")), "paper"),
    ]


def _mean_cell(row: Row, vectors: Sequence[str]) -> Cell:
    """Mean over vectors and seeds, or why there is none."""
    if not any(outcome.conicity for outcome in row.outcomes):  # no conversation has two examples
        return Cell(row.fault or "none", "missing")
    if any(vector not in outcome.conicity for outcome in row.outcomes for vector in vectors):
        return Cell(NO_SCORE, "missing", note=seeds_note(row))
    values = [outcome.conicity[vector] for outcome in row.outcomes for vector in vectors]
    return Cell(f"{fmean(values):.2f}", note=seeds_note(row))
