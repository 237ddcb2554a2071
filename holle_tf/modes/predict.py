"""``--mode=predict``: the answer to a chat, or to many."""

from __future__ import annotations

import json
import logging
import shlex
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Optional

from holle_tf.config import Config
from holle_tf.runs.prediction import ChatPredictor, chat_interactively, chosen_run, predict_file
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import data_of_run
from holle_tf.runs.stream_prediction import Answered, predict_stream
from holle_tf.system.beam import importing_beam
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
    export_dir: Optional[str] = None,
    beam_options: Optional[str] = None,
) -> None:
    """Answer the chat of a JSON file, all chats of an input, or queries about a document of the test split.

    Args:
        run_dir: folder of a finished run; by default the newest student.
        input: the file; - is standard input. With ``output``, also a folder, or JSON lines.
        output: file for the answers to all chats of ``input``; the last line printed is then JSON.
        strict: stop at the first chat that cannot be answered.
        export_dir: an ONNX export that answers all chats of ``input``, in place of a run.
        beam_options: options of Apache Beam, whose workers then answer the files of ``input`` by the export;
            ``output`` is a folder.

    Raises:
        UserError: no run is there, or the file is broken.
    """
    many = input is not None and (Path(input).is_dir() or input.endswith((".jsonl", ".jsonl.gz")))
    if (output or strict) and not input:
        raise UserError("--output and --strict are for the chats of --input; name a file, a folder or -.")
    if not output and (many or strict):
        raise UserError(f"--input={input}: name a file for the answers by --output=FILE.jsonl.")
    if export_dir or beam_options is not None:
        if not export_dir or not output or not input or run_dir:
            raise UserError(
                "--export_dir answers many chats: give --input and --output, and no --run_dir."
                if export_dir
                else "--beam_options: name an ONNX export by --export_dir, which the workers read."
            )
        _answer_by_export(Path(export_dir), input, Path(output), strict, beam_options)
        return
    run = chosen_run(run_dir, config)
    logger.info(f"using {run.path}")
    if input and output:
        _answer_all(config, run, input, Path(output), strict)
        return
    if input:
        print(json.dumps(predict_file(run, input, config)))
        return
    prepared = data_of_run(run, config)
    chat_interactively(run, read_examples(prepared, "test")[0], config)


def _answer_all(config: Config, run: RunFolder, source: str, output: Path, strict: bool) -> None:
    identity: dict[str, Any] = {
        "weights": file_sha256(run.weights),
        "n_best": config.evaluation.n_best,
        "chunks": [config.distill.chunk_words, config.distill.chunk_stride, config.distill.chunk_merge],
    }
    reader = ChatPredictor(run, config)
    if reader.null_threshold is not None:
        identity["null_threshold"] = reader.null_threshold
    _say(output, partial(predict_stream, reader, source, output, identity, strict))


def _answer_by_export(
    export: Path, source: str, output: Path, strict: bool, beam_options: Optional[str]
) -> None:
    from holle_tf.serve.export_reader import ExportReader, export_identity

    reader, identity = ExportReader(export), export_identity(export)
    if beam_options is None:
        _say(output, partial(predict_stream, reader, source, output, identity, strict))
        return
    with importing_beam():
        from holle_tf.serve.beam_prediction import predict_files
    make, options = partial(ExportReader, export.resolve(), threads=1), shlex.split(beam_options)
    _say(output, partial(predict_files, make, source, output.resolve(), identity, options, strict))


def _say(output: Path, answer: Callable[[], Answered]) -> None:
    """Answer, and print what became of it as JSON."""
    began = time.monotonic()
    found = answer()
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"output": str(output), **found._asdict(), "seconds": seconds}))
