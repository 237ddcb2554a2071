"""``--mode=predict``: the answer to a chat, or to many."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Optional

from holle_tf.config import Config
from holle_tf.runs.data import open_data, relocated
from holle_tf.runs.prediction import ChatPredictor, chat_interactively, chosen_run, predict_file
from holle_tf.runs.run_folder import RunFolder, versions
from holle_tf.runs.stream_prediction import predict_stream
from pipelines.errors import UserError
from pipelines.files import file_sha256
from pipelines.records import read_examples

logger = logging.getLogger(__name__)


def predict_mode(
    config: Config,
    run_dir: Optional[str] = None,
    input: Optional[str] = None,
    output: Optional[str] = None,
    strict: bool = False,
) -> None:
    """Answer the chat of a JSON file, all chats of an input, or queries about a document of the test split.

    Args:
        run_dir: folder of a finished run; by default the newest student.
        input: the file; - is standard input. With ``output``, also a folder, or JSON lines.
        output: file for the answers to all chats of ``input``; the last line printed is then JSON.
        strict: stop at the first chat that cannot be answered.

    Raises:
        UserError: no run is there, or the file is broken.
    """
    many = bool(input) and (Path(input).is_dir() or input.endswith((".jsonl", ".jsonl.gz")))
    if (output or strict) and not input:
        raise UserError("--output and --strict are for the chats of --input; name a file, a folder or -.")
    if not output and (many or strict):
        raise UserError(f"--input={input}: name a file for the answers by --output=FILE.jsonl.")
    run = chosen_run(run_dir, config)
    logger.info(f"using {run.path}")
    if input and output:
        _answer_all(config, run, input, Path(output), strict)
        return
    if input:
        print(json.dumps(predict_file(run, input, config)))
        return
    prepared = open_data(relocated(run.config(), config))
    chat_interactively(run, read_examples(prepared, "test")[0], config)


def _answer_all(config: Config, run: RunFolder, source: str, output: Path, strict: bool) -> None:
    began = time.monotonic()
    chunks = [config.distill.chunk_words, config.distill.chunk_stride, config.distill.chunk_merge]
    identity = {
        "weights": file_sha256(run.weights),
        "n_best": config.evaluation.n_best,
        "chunks": chunks,
        "version": versions(),
    }
    found = predict_stream(ChatPredictor(run, config), source, output, identity, strict)
    seconds = time.monotonic() - began
    print(json.dumps({"output": str(output), **found._asdict(), "seconds": round(seconds, 1)}))
