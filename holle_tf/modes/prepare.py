"""``--mode=prepare``: raw chats to vocabularies, word vectors and records."""

from __future__ import annotations

import json
import logging
import shlex
from typing import Any, Optional

from holle_tf.config import Config
from holle_tf.runs.data import open_data
from pipelines.example_files import write_example_file
from pipelines.pool import POOL, prepare_pool

logger = logging.getLogger(__name__)


def prepare_mode(
    config: Config, beam_options: Optional[str] = None, write_examples: Optional[str] = None
) -> None:
    """Prepare the data; the last line is JSON.

    Args:
        beam_options: options of Apache Beam, which then prepares the data; None = prepare them without it.
        write_examples: folder for the examples as JSON lines, a file for each split, and one for
            ``distill.pool`` if there is one; None = do not write them.
    """
    prepared = open_data(config, None if beam_options is None else shlex.split(beam_options))
    counts = {split: prepared.count(split) for split in ("train", "dev", "test")}
    found: dict[str, Any] = {"folder": str(prepared.folder), "fingerprint": prepared.fingerprint, **counts}
    if write_examples:
        files = [write_example_file(prepared, split, write_examples) for split in counts]
        if config.distill.pool:
            files.append(
                write_example_file(prepare_pool(config.distill.pool, prepared), POOL, write_examples)
            )
        for file in files:
            logger.info(f"wrote {file}")
        found["examples"] = [str(file) for file in files]
    print(json.dumps(found))
