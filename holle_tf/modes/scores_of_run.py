"""The scores of a run, printed beside those of others."""

from __future__ import annotations

import json
from typing import Any, Optional, Sequence

from holle_tf.drawing.terminal_table import print_table, scores_table
from holle_tf.evaluate.no_answer import unanswerable_lines
from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.references import References, counts_line, score_with_references
from holle_tf.runs.evaluation import evaluate_run, predictions_of, run_row
from holle_tf.runs.run_on_data import UNANSWERABLE, RunOnData


def show_scores(
    run_on_data: RunOnData, split: str, rows: list[dict[str, Any]], references: Optional[References] = None
) -> None:
    """Evaluate a run and print its scores and conicities; the last line is JSON.

    Args:
        rows: rows of others for ``scores_table``, shown above that of the run.
        references: further references to score against.
    """
    scores = evaluate_run(run_on_data, split)
    config = run_on_data.run.config()
    setup = run_on_data.prepared.config.setup
    row = run_row(run_on_data, config.recipe or config.model, split)
    print_table(scores_table([*rows, row]), f"{split}, {setup}")
    cones = run_on_data.conicity(split)
    for name, cone in cones.items():
        print(
            f"conicity of {name}: {cone['value']:.3f} over {cone['conversations']} conversations "
            f"({cone['excluded']} of one example left out)"
        )
    values: dict[str, Any] = {}
    of_null = run_on_data.unanswerable().get(split)
    if of_null is not None:
        print(*unanswerable_lines(of_null), sep="\n")
        values[UNANSWERABLE] = of_null
    print("run:", run_on_data.run.path)
    if cones:
        values["conicity"] = {name: cone["value"] for name, cone in cones.items()}
    if references is not None:
        values["multi_reference"] = show_references(predictions_of(run_on_data, split), references)
    print(json.dumps({"run": str(run_on_data.run.path), "split": split, **scores, **values}))


def show_references(spans: Sequence[SpanPrediction], references: References) -> dict[str, Any]:
    """Score predictions against further references, and print that; returns the scores."""
    found = score_with_references(spans, references)
    print(counts_line(references, found))
    titles = {"single": "their own span alone", "multi": "all their references"}
    rows = [{"name": title, **found[key]} for key, title in titles.items() if key in found]
    if rows:
        print_table(scores_table(rows), f"the {found['examples']} examples with further references")
    return found
