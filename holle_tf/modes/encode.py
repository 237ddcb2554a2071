"""``--mode=encode``: what a student reads of a collection of documents, kept on disk."""

from __future__ import annotations

import json
import logging
import shlex
import tempfile
import time
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

from holle_tf.config import Config
from holle_tf.system.beam import importing_beam
from pipelines.errors import UserError

logger = logging.getLogger(__name__)

INSTALL = "pip install 'holle-tf[documents]', or, in the repository, sh install.sh documents"


def encode_mode(
    config: Config,
    run_dir: Optional[str] = None,
    export_dir: Optional[str] = None,
    input: Optional[str] = None,
    output: Optional[str] = None,
    strict: bool = False,
    beam_options: Optional[str] = None,
) -> None:
    """Write a store of documents; the last line is JSON.

    Args:
        config: its section ``store`` has the options.
        run_dir: folder of a finished student; by default the newest one under ``config.runs_dir``.
        export_dir: folder of an ONNX export, in place of a run. This loads no TensorFlow.
        input: JSON lines, ``{"id": "...", "document": "..."}``.
        output: folder of the store.
        strict: end at a broken line, in place of skipping it.
        beam_options: options of Apache Beam, whose workers then read the documents; None = without it.

    Raises:
        UserError: a package or an argument is missing, the model cannot be used, or see ``write_store``.
    """
    check_packages(config.store.search)
    if not input or not output:
        raise UserError(f"--mode=encode needs --{'output' if input else 'input'}; see --help.")
    if run_dir and export_dir:
        raise UserError("--run_dir and --export_dir both name a student; leave out one.")
    if beam_options is not None and not export_dir:
        raise UserError("--beam_options needs --export_dir, a folder that all workers can read.")
    from holle_tf.serve.onnx_backend import OnnxBackend
    from holle_tf.store.writer import write_store

    with tempfile.TemporaryDirectory() as scratch:
        export = Path(export_dir) if export_dir else _exported(config, run_dir, Path(scratch))
        logger.info(f"using {export}")
        began, elsewhere = time.monotonic(), None
        if beam_options is not None:
            with importing_beam():
                from holle_tf.store.beam_encoding import BeamParts
            elsewhere = BeamParts(shlex.split(beam_options), partial(OnnxBackend, export, threads=1))
        manifest = write_store(
            Path(input), Path(output), OnnxBackend(export), config.store, strict, elsewhere
        )
    found = {"documents": manifest.documents, "words": manifest.words, "bytes": manifest.bytes}
    print(json.dumps({"store": output, **found, "seconds": round(time.monotonic() - began, 1)}))


def check_packages(search: bool) -> None:
    """Raise a UserError if pyarrow, or for a search bm25s, is not installed."""
    packages = ("pyarrow", "bm25s") if search else ("pyarrow",)
    if missing := [package for package in packages if find_spec(package) is None]:
        raise UserError(f"a store of documents needs {' and '.join(missing)}: {INSTALL}")


def _exported(config: Config, run_dir: Optional[str], folder: Path) -> Path:
    """An ONNX export of a run, the same as by ``--mode=export`` with the same options."""
    from holle_tf.export.formats import find_format
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export
    from holle_tf.runs.prediction import chosen_run

    run = chosen_run(run_dir, config)
    logger.info(f"using {run.path}")
    options = replace(config.export, document_states=ExportConfig.document_states)
    find_format("onnx").check(options)
    write_export(student_of(run).shrunk(options), "onnx", folder, options)
    return folder
