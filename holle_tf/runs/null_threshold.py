"""When a run says that a document has no answer."""

from __future__ import annotations

from typing import Optional

from holle_tf.config import Config
from holle_tf.runs.run_folder import RunFolder
from pipelines.errors import UserError

NULL_THRESHOLD = "null_threshold"  # in result.json: the best one for the F1 of dev, at the best epoch


def null_threshold(run: RunFolder, options: Optional[Config] = None) -> Optional[float]:
    """The threshold of a finished run, 0-1; None if its data have no null position.

    Args:
        options: its ``evaluation.null_threshold`` goes before that of the training and the best on dev.

    Raises:
        UserError: the run is not finished, or its result is damaged.
    """
    config = run.config()
    if not config.data.has_null:
        return None
    chosen = (options or config).evaluation.null_threshold or config.evaluation.null_threshold
    if chosen:
        return chosen
    found = (run.result() or {}).get(NULL_THRESHOLD)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise UserError(
            f"{run.path / 'result.json'}: no {NULL_THRESHOLD}; train the run to its end, or give"
            " evaluation.null_threshold."
        )
    return float(found)
