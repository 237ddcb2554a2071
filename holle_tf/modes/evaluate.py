"""``--mode=evaluate``: the scores of a finished run, or of a file of scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table, scores_table
from holle_tf.evaluate.no_answer import unanswerable_lines
from holle_tf.evaluate.references import References, read_references
from holle_tf.modes.scores_of_run import show_references, show_scores
from holle_tf.options.distill import is_score_file
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import baseline_rows
from holle_tf.runs.prediction import chosen_run
from holle_tf.runs.run_on_data import UNANSWERABLE, open_run_on_data
from holle_tf.runs.score_evaluation import evaluate_score_file
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.runs.score_writing import write_scores_of_run
from pipelines.errors import UserError


def evaluate_mode(
    config: Config,
    run_dir: Optional[str] = None,
    split: str = "test",
    multi_reference: Optional[str] = None,
    write_scores: Optional[str] = None,
) -> None:
    """Score a finished run on its own data, or files of scores, beside the baselines; the last line is JSON.

    Args:
        config: if its teachers are files of scores, and ``run_dir`` is not given, these are evaluated.
        run_dir: folder of the run; by default the newest student.
        multi_reference: a file of further references, see ``evaluate/references.py``.
        write_scores: a file to write, with what the run says of every split (docs/teachers.md).

    Raises:
        UserError: no run is there, it cannot read the documents of ``config.data.setup``, or a file of scores
            does not fit the data.
    """
    references = read_references(multi_reference) if multi_reference else None
    files = [kind for kind in config.teachers if is_score_file(kind)]
    if files and not run_dir:
        if write_scores:
            raise UserError("--write_scores writes the scores of a run; name one by --run_dir.")
        _evaluate_files(config, files, split, references)
        return
    run = chosen_run(run_dir, config)
    run_on_data = open_run_on_data(run, config)
    rows = baseline_rows(run_on_data.prepared, split, run.config().seed)
    if write_scores:
        written = write_scores_of_run(run_on_data, Path(write_scores))
        print(f"scores of {written:,} examples: {write_scores}")
    show_scores(run_on_data, split, rows, references)


def _evaluate_files(config: Config, files: list[str], split: str, references: Optional[References]) -> None:
    prepared = open_data(config)
    rows, found = baseline_rows(prepared, split, config.seed), []
    for kind in files:
        teacher = ScoreTeacher(kind, prepared, config.distill.max_unscored)
        row, spans, of_null = evaluate_score_file(teacher, prepared, split, config)
        rows.append(row)
        own: dict[str, Any] = {"teacher": kind, "split": split, **row}
        if of_null is not None:
            own[UNANSWERABLE] = of_null
        if references is not None:
            own["multi_reference"] = show_references(spans, references)
        found.append(own)
    print_table(scores_table(rows), f"{split}, {prepared.config.setup}")
    for own in found:
        if UNANSWERABLE in own:
            print(f"{own['name']}:", *unanswerable_lines(own[UNANSWERABLE]), sep="\n")
    print(json.dumps(found[0] if len(found) == 1 else found))
