"""``--mode=serve``: a web page and a REST service for models."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Sequence

from holle_tf.config import Config
from holle_tf.serve.backend import Backend, warm_up
from holle_tf.serve.document_cache import DocumentCache
from pipelines.errors import UserError

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from holle_tf.serve.messages import SampleDocument

PACKAGES = ("fastapi", "uvicorn", "prometheus_client")
INSTALL = "pip install 'holle-tf[serve]', or, in the repository, sh install.sh serve"


def serve_mode(config: Config, run_dir: Optional[str] = None, export_dir: Optional[str] = None) -> None:
    """Serve one or more models until the process is told to stop; the page talks to the first.

    Args:
        run_dir: run folders separated by commas; by default the newest student, if there is no export.
        export_dir: folders of ONNX exports separated by commas; they come first. Serving them alone loads no
            TensorFlow.

    Raises:
        UserError: a package of the service is missing, a model cannot be used, or the port is taken.
    """
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        raise UserError(f"--mode=serve needs {', '.join(missing)}: {INSTALL}")
    from holle_tf.serve.app import create_app
    from holle_tf.serve.server import address, listen, run_server

    backends: list[Backend] = []
    documents: list[SampleDocument] = []
    cache = DocumentCache.of_megabytes(config.serve.document_cache_mb)
    with listen(config.serve) as bound:
        for path in _paths(export_dir):
            from holle_tf.serve.onnx_backend import OnnxBackend

            logger.info(f"loading {path}")
            backends.append(OnnxBackend(path, cache))
        if run_dir or not backends:
            runs, documents = _runs(Path(config.runs_dir), _paths(run_dir), cache)
            backends += runs
        for backend in backends:
            warm_up(backend)
        named = name_backends(backends)
        app = create_app(named, config.serve, documents, cache)
        bound.listen()  # from here on, a client that connects only has to wait
        print(f"serving {', '.join(named)} at {address(bound)}; Ctrl-C ends", flush=True)
        run_server(app, bound, config.serve)
    logger.info("stopped")


def _paths(text: Optional[str]) -> list[Path]:
    return [Path(path) for path in (text or "").split(",") if path]


def _runs(root: Path, paths: list[Path], cache: DocumentCache) -> tuple[list[Backend], list[SampleDocument]]:
    """Loaded runs, by default the newest student under ``root``, and documents of the first one's data."""
    from holle_tf.runs.prediction import newest_student
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.serve.run_backend import RunBackend
    from holle_tf.serve.samples import sample_documents

    runs = [RunFolder(path) for path in paths] or [newest_student(root)]
    backends: list[Backend] = []
    for run in runs:
        logger.info(f"loading {run.path}")
        backends.append(RunBackend(run, cache))
    roots = [root / "data", runs[0].path.parent.parent / "data"]
    return backends, sample_documents(runs[0], roots)


def name_backends(backends: Sequence[Backend]) -> dict[str, Backend]:
    """Each backend by the kind of its model; a second one of a kind gets a number: sam, sam-2."""
    named: dict[str, Backend] = {}
    for backend in backends:
        same = sum(other.card.kind == backend.card.kind for other in named.values())
        named[f"{backend.card.kind}-{same + 1}" if same else backend.card.kind] = backend
    return named
