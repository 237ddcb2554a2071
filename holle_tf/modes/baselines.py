"""``--mode=baselines``: the baselines beside all runs."""

from __future__ import annotations

import json
from pathlib import Path

from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table, scores_table
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import baseline_rows, ensure_scores, run_row
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData


def baselines_mode(config: Config, split: str = "test") -> None:
    """Score the baselines and every finished run on the same data; the last line is JSON.

    Runs on the data without a fold are left out.
    """
    prepared = open_data(config)
    rows = baseline_rows(prepared, split, config.seed)
    for path in sorted((Path(config.runs_dir) / prepared.folder.name).glob("*/result.json")):
        run = RunFolder(path.parent)
        if (run.identity() or {}).get("fold"):
            continue  # trained on a part of the data, to teach
        run_on_data = RunOnData(run, prepared, config)
        ensure_scores(run_on_data, split)
        rows.append(run_row(run_on_data, path.parent.name, split))
    print_table(scores_table(rows), f"{split}, {config.data.setup}")
    print(json.dumps(rows))
