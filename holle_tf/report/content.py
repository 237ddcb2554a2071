"""The content of the report as data: text, tables, figures and examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from holle_tf.catalogue import vector_titles
from holle_tf.drawing.plots import plot_training
from holle_tf.evaluate.references import DEFINITION as MULTI_REFERENCE
from holle_tf.evaluate.references import References
from holle_tf.evaluate.scores import SCORES
from holle_tf.report import report_plots as figures
from holle_tf.report import tables
from holle_tf.report.breakdown import by_length, by_source, score_groups
from holle_tf.report.comparisons import NOTE, compare_rows, comparison_table, headlines
from holle_tf.report.conicity_table import conicity_table
from holle_tf.report.differing_examples import shown_examples
from holle_tf.report.outcomes import Row
from holle_tf.report.report_files import FIGURES
from holle_tf.report.rows import comparisons, own_variants
from holle_tf.report.runs import Runs
from holle_tf.report.teacher_table import teacher_tables
from holle_tf.report.variants import label_of
from pipelines.readers.registry import reader_of
from pipelines.records import read_examples

# Rows of each setup in the figures, as far as they have outcomes; those of ``report.rows`` are added.
SHOWN = ("mul_train", "add_train", "add/qanet", "add_topk/qanet", "bidaf", "qanet")
# Students whose examples may be shown: the first that has predictions, as has its teacher, is.
STUDENTS = ("sd/add_topk/qanet", "sd/add/qanet", "sd/add/bidaf", "ld/add_topk/qanet")


def report_content(
    runs: Runs,
    rows: Mapping[str, Row],
    baselines: Mapping[str, Sequence[Mapping[str, Any]]],
    costs: Optional[Mapping[str, Any]],
    references: Optional[References],
    folder: Path,
) -> dict[str, Any]:
    """Tables, figures (drawn into ``folder``) and examples; the cells of missing results say why.

    Args:
        runs: of the report.
        rows: with the outcomes of the runs, by key.
        baselines: scores of the baselines, for each setup that has outcomes.
        costs: the result of ``run_benchmark``, or None.
        references: further references, or None.
        folder: of the report.
    """
    compared = compare_rows(rows, comparisons(runs.config), runs.config.report.resamples)
    setups = [
        setup for setup in tables.SETUPS if any(row.outcomes for row in rows.values() if row.setup == setup)
    ]
    published = [
        tables.inference_table(costs),
        *tables.f1_tables(rows, runs.config.distill.long_teacher),
        tables.training_table(costs),
        conicity_table(rows, _own_keys(runs, "sd")),
    ]  # fmt: skip
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    return {
        "paper_tables": published,
        "difference_tables": [comparison_table(setup, compared) for setup in tables.SETUPS],
        "score_tables": [tables.scores_table(setup, rows, baselines[setup]) for setup in setups],
        "teacher_tables": teacher_tables(rows, runs.variants),
        "reference_tables": [
            found for setup in setups if (found := tables.references_table(setup, rows)) is not None
        ],
        "references": None if references is None else references_note(references),
        "differences": compared,
        "differences_note": NOTE,
        "headline": headlines(compared, rows),
        "definitions": {
            score.title: {"ours": score.definition, "holle": score.holle or "-"} for score in SCORES.values()
        },
        "multi_reference": MULTI_REFERENCE,
        "figures": _figures(runs, rows, compared, setups, folder / FIGURES),
        "examples": _examples(runs, rows),
    }  # fmt: skip


def references_note(references: References) -> str:
    """Counts of the file of references, in a sentence."""
    return (
        f"{references.path.name} has spans for {len(references.spans):,} examples. {references.numbers} "
        f"spans are numbers and were spelled out; {references.empty} are empty and were left out."
    )


def _own_keys(runs: Runs, setup: str) -> list[str]:
    return [variant.key for variant in own_variants(runs.config) if variant.setup == setup]


def _figures(
    runs: Runs,
    rows: Mapping[str, Row],
    compared: Sequence[Mapping[str, Any]],
    setups: Sequence[str],
    folder: Path,
) -> dict[str, dict[str, str]]:
    drawn: dict[str, dict[str, str]] = {}

    def add(name: str, caption: str) -> Path:
        drawn[name] = {"file": f"{name}.png", "caption": caption}
        return folder / f"{name}.png"

    for setup in setups:
        pairs = [pair for pair in compared if pair["first"].startswith(setup) and "mean" in pair]
        where = tables.SETUPS[setup]
        if pairs:
            labels = [f"{label_of(pair['first'])}\nminus {label_of(pair['second'])}" for pair in pairs]
            figures.plot_differences(pairs, labels, add(
                f"differences-{setup}", f"Differences of F1 on {where}, here and in the paper."))  # fmt: skip
        keys = [*(f"{setup}/{name}" for name in SHOWN), *_own_keys(runs, setup)]
        shown = {row.label: row for key in keys if (row := rows[key]).outcomes}
        examples = read_examples(runs.prepared(setup), "test")
        sources = by_source(examples, reader_of(runs.config.data).sources)
        for kind, groups in (
            ("length", by_length(examples, runs.prepared(setup).config.words)),
            ("source", sources),
        ):
            scores = {
                label: score_groups(row.f1, groups, runs.config.report.resamples)
                for label, row in shown.items()
            }
            title = "number of words in the document" if kind == "length" else "source of the answer"
            caption = (
                f"F1 on {where} by {title}, with 95 % bootstrap intervals over the examples of each group."
            )
            figures.plot_groups(groups, scores, title, add(f"{kind}-{setup}", caption))
        cosines = {
            f"{label}, {vector_titles()[name]}": values
            for label, row in shown.items()
            for name, values in row.outcomes[0].cosines.items()
        }
        if cosines:
            caption = (
                f"Cosine of each test example's vector with the mean vector of its conversation, on {where}, "
                "one seed per model. The dashed line is conicity, the mean over conversations. Further left "
                "means more diverse."
            )
            means = {
                f"{label}, {vector_titles()[name]}": value
                for label, row in shown.items()
                for name, value in row.outcomes[0].conicity.items()
            }
            figures.plot_cosines(cosines, means, add(f"conicity-{setup}", caption))
        curves = {label: epochs for label, row in shown.items() if (epochs := row.outcomes[0].epochs)}
        if curves:
            plot_training(curves, add(f"training-{setup}", f"Training on {where}, one seed per model."))
    return drawn


def _examples(runs: Runs, rows: Mapping[str, Row]) -> dict[str, Any]:
    for key in STUDENTS:
        setup, _, teacher = key.split("/")
        student, reader = rows[key], rows[f"{setup}/{teacher}"]
        by_teacher, by_student = reader.spans, student.spans
        if by_teacher is not None and by_student is not None:
            prepared = runs.prepared(setup)
            examples = read_examples(prepared, "test")
            differing = sum((a.start, a.end) != (b.start, b.end) for a, b in zip(by_teacher, by_student))
            return {
                "student": student.label,
                "teacher": reader.label,
                "setup": tables.SETUPS[setup],
                "differing": differing,
                "of": len(examples),
                "shown": shown_examples(
                    examples, by_teacher, by_student, runs.config.report.examples, prepared.config.words
                ),
            }
    return {}
