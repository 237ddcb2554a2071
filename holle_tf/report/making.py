"""One run of the report, from its training to the scores of the rows that are read from it."""

from __future__ import annotations

import sys
import traceback
from typing import Callable, Iterable, Optional

from tqdm import tqdm

from holle_tf.report.runs import PlannedRun, Runs
from holle_tf.runs.evaluation import ensure_scores
from holle_tf.training.progress_bar import bar
from pipelines.errors import UserError

Log = Callable[[str], None]
_MOST = 300  # characters of an error in the report; all of it is in the log


def make_run(runs: Runs, run: PlannedRun, log: Log) -> dict[str, str]:
    """Train a run and, at once, so that an interruption leaves nothing unscored, score what is read from it.

    Returns:
        What went wrong, by ``PlannedRun.name`` or by row and seed.
    """
    failed: dict[str, str] = {}
    _attempt(failed, run.name, runs.ensure, run)
    if not failed:
        failed.update(score_rows(runs, runs.rows_of(run), log, run.seed))
    return failed


def score_rows(runs: Runs, keys: Iterable[str], log: Log, seed: Optional[int] = None) -> dict[str, str]:
    """Evaluate the finished runs behind some rows on the test split, where that was not done before.

    Args:
        seed: only those of this one; others may be at work in another process.

    Returns:
        What went wrong, by row and seed.
    """
    failed: dict[str, str] = {}
    with bar(None, "scores", "run") as progress:
        for key in keys:
            readings = runs.readings(key)
            for of_seed in readings if seed is None else [seed]:
                _attempt(failed, f"{key}, seed {of_seed}", ensure_scores, readings[of_seed], "test")
                progress.update()
    for name, message in failed.items():
        log(f"not scored: {name}: {message}")
    return failed


def _attempt(failed: dict[str, str], name: str, action: Callable[..., object], *arguments: object) -> None:
    try:
        action(*arguments)
    except UserError as error:
        failed[name] = str(error)
    except Exception as error:  # whatever it is, the other runs are still wanted, and the report names it
        tqdm.write(traceback.format_exc(), file=sys.stderr)
        failed[name] = f"{type(error).__name__}: {_in_short(str(error))}"


def _in_short(message: str) -> str:
    """One line; of a long one, such as TensorFlow's with the calls that led there, what it ends with."""
    line = " ".join(message.split())
    return line if len(line) <= _MOST else f"... {line[-_MOST:]}"
