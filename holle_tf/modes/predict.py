"""``--mode=predict``: the answer to a chat."""

from __future__ import annotations

import json
import logging
from typing import Optional

from holle_tf.config import Config
from holle_tf.runs.data import open_data, relocated
from holle_tf.runs.prediction import chat_interactively, chosen_run, predict_file
from pipelines.records import read_examples

logger = logging.getLogger(__name__)


def predict_mode(config: Config, run_dir: Optional[str] = None, input: Optional[str] = None) -> None:
    """Answer the chat of a JSON file, or queries that the user types about a document of the test split.

    Args:
        run_dir: folder of a finished run; by default the newest student.
        input: the file; - is standard input.

    Raises:
        UserError: no run is there, or the file is broken.
    """
    run = chosen_run(run_dir, config)
    logger.info(f"using {run.path}")
    if input:
        print(json.dumps(predict_file(run, input, config)))
        return
    prepared = open_data(relocated(run.config(), config))
    chat_interactively(run, read_examples(prepared, "test")[0], config)
