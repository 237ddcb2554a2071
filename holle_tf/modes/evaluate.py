"""``--mode=evaluate``: the scores of a finished run."""

from __future__ import annotations

from typing import Optional

from holle_tf.config import Config
from holle_tf.evaluate.references import read_references
from holle_tf.modes.scores_of_run import show_scores
from holle_tf.runs.evaluation import baseline_rows
from holle_tf.runs.prediction import chosen_run
from holle_tf.runs.run_on_data import open_run_on_data


def evaluate_mode(
    config: Config, run_dir: Optional[str] = None, split: str = "test", multi_reference: Optional[str] = None
) -> None:
    """Score a finished run on its own data, beside the baselines; the last line is JSON.

    Args:
        run_dir: folder of the run; by default the newest student.
        multi_reference: a file of further references, see ``evaluate/references.py``.

    Raises:
        UserError: no run is there, or it cannot read the documents of ``config.data.setup``.
    """
    references = read_references(multi_reference) if multi_reference else None
    run = chosen_run(run_dir, config)
    run_on_data = open_run_on_data(run, config)
    rows = baseline_rows(run_on_data.prepared, split, run.config().seed)
    show_scores(run_on_data, split, rows, references)
