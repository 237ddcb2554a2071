"""``--mode=prepare``: raw chats to vocabularies, word vectors and records."""

from __future__ import annotations

import json
import shlex
from typing import Optional

from holle_tf.config import Config
from holle_tf.runs.data import open_data


def prepare_mode(config: Config, beam_options: Optional[str] = None) -> None:
    """Prepare the data; the last line is JSON.

    Args:
        beam_options: options of Apache Beam, which then prepares the data; None = prepare them without it.
    """
    prepared = open_data(config, None if beam_options is None else shlex.split(beam_options))
    counts = {split: prepared.count(split) for split in ("train", "dev", "test")}
    print(json.dumps({"folder": str(prepared.folder), "fingerprint": prepared.fingerprint, **counts}))
