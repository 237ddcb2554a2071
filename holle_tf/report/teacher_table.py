"""The table of what teachers say about the training data, beside what their students gain."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from holle_tf.report.outcomes import Row, f1_of_common_seeds
from holle_tf.report.tables import SETUPS, Cell, Table, score_cell
from holle_tf.report.variants import Variant

MEASURES = {
    "temperature": "temperature",
    "maximum": "mean maximum",
    "entropy": "entropy",
    "nll": "NLL",
    "accuracy": "accuracy",
    "ece": "ECE",
}
_CAPTION = (
    "What each teacher says about its student's training data, averaged over start and end. A mean maximum "
    "of 1 repeats the labels. Entropy and NLL (of the labels) are in nats. ECE has 15 bins. A temperature "
    "other than 1 was chosen on dev. Then the student's F1, and how far it is ahead of the same student on "
    "the labels alone and on labels that count twice, its control, over common seeds."
)
# Columns of differences, and the recipe of the student that is subtracted.
_GAINS = {"minus labels alone": "train", "minus labels x 2": "twice"}


def teacher_table(setup: str, rows: Mapping[str, Row], variants: Mapping[str, Variant]) -> Optional[Table]:
    """A line for each teacher of each student of a setup; None if no run recorded its teachers' scores."""
    body: list[list[Cell]] = []
    for row in rows.values():
        if row.setup != setup:
            continue
        each = [outcome.result.get("teacher_scores") for outcome in row.outcomes]
        scored: list = next((scores for scores in each if scores), [])  # seeds share their teachers
        if not scored:
            continue
        gains = [_gain(row, rows, variants[row.key], recipe) for recipe in _GAINS.values()]
        for i, scores in enumerate(scored):
            note = f"teacher {i + 1}" if len(scored) > 1 else ""
            body.append([Cell(row.label, "label", note=note), *(_cell(scores, name) for name in MEASURES),
                         score_cell(row)._replace(note=""), *gains])  # fmt: skip
    if not body:
        return None
    title = f"What the teachers say about the training data, {SETUPS[setup]}"
    columns = ["student", *MEASURES.values(), "F1", *_GAINS]
    return Table(f"teachers-{setup}", title, _CAPTION, [], columns, body)


def teacher_tables(rows: Mapping[str, Row], variants: Mapping[str, Variant]) -> list[Table]:
    """``teacher_table`` of every setup that has one.

    Args:
        rows: of the report, by key.
        variants: of its students, by key.
    """
    return [found for setup in SETUPS if (found := teacher_table(setup, rows, variants)) is not None]


def _cell(scores: Mapping[str, Any], name: str) -> Cell:
    value = scores.get(name)
    return Cell("-", "missing") if value is None else Cell(f"{value:.2f}")


def _gain(row: Row, rows: Mapping[str, Row], variant: Variant, recipe: str) -> Cell:
    """F1 of a student minus that of the student of another recipe without a teacher."""
    name = f"{variant.recipe.interaction}_{recipe}"
    other = rows.get(Variant(variant.setup, name, student=variant.student).key)
    if other:
        seeds, ours, theirs = f1_of_common_seeds(row, other)
        if seeds:
            return Cell(f"{(ours - theirs).mean():+.1f}")
    return Cell("-", "missing")
