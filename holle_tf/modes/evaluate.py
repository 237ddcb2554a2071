"""``--mode=evaluate``: the scores of a finished run."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from holle_tf.catalogue import is_student
from holle_tf.config import Config
from holle_tf.evaluate.references import read_references
from holle_tf.modes.scores_of_run import show_scores
from holle_tf.runs.data import open_data, relocated
from holle_tf.runs.evaluation import baseline_rows
from holle_tf.runs.prediction import chosen_run
from holle_tf.runs.run_on_data import Reading
from pipelines.errors import UserError
from pipelines.options import LONG_SETUPS, DataConfig


def evaluate_mode(
    config: Config, run_dir: Optional[str] = None, split: str = "test", multi_reference: Optional[str] = None
) -> None:
    """Score a finished run on its own data, beside the baselines; the last line is JSON.

    Args:
        run_dir: of the run; by default the newest student.
        multi_reference: a file of further references, see ``evaluate/references.py``.

    Raises:
        UserError: no run is there, or it cannot read the documents of ``config.data.setup``.
    """
    references = read_references(multi_reference) if multi_reference else None
    run = chosen_run(run_dir, config)
    trained = run.config()
    long = (
        config.data.setup in LONG_SETUPS
        and trained.data.setup not in LONG_SETUPS
        and not is_student(trained.model)
    )
    if not long and config.data.setup not in (trained.data.setup, DataConfig.setup):
        raise UserError(
            f"--setup={config.data.setup}: {run.path} reads what it was trained on ({trained.data.setup}); "
            "teachers of short documents alone read long ones."
        )
    own = relocated(trained, config)
    if long:  # asked for, as a teacher's own documents are short
        own = replace(own, data=replace(own.data, setup=config.data.setup))
    prepared = open_data(own)
    rows = baseline_rows(prepared, split, run.config().seed)
    show_scores(Reading(run, prepared, config), split, rows, references)
