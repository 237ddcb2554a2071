"""``--mode=serve``: a web page and a REST service for models."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Sequence

from holle_tf.config import Config
from holle_tf.modes.encode import check_packages
from holle_tf.serve.backend import Backend, warm_up
from holle_tf.serve.document_cache import DocumentCache
from pipelines.errors import UserError
from pipelines.files import listed_paths

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from holle_tf.serve.messages import SampleDocument
    from holle_tf.store.reader import Store

PACKAGES = ("fastapi", "uvicorn", "prometheus_client")
INSTALL = "pip install 'holle-tf[serve]', or, in the repository, sh install.sh serve"


def serve_mode(
    config: Config,
    run_dir: Optional[str] = None,
    export_dir: Optional[str] = None,
    documents: Optional[str] = None,
) -> None:
    """Serve one or more models until the process is told to stop; the page talks to the first.

    Args:
        run_dir: run folders separated by commas; by default the newest student, if there is no export.
        export_dir: folders of ONNX exports separated by commas; they come first. Serving them alone loads no
            TensorFlow.
        documents: a store that one of the exports has encoded.

    Raises:
        UserError: a package of the service is missing, a model or the store cannot be used, or the port is
            taken.
    """
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        raise UserError(f"--mode=serve needs {', '.join(missing)}: {INSTALL}")
    from holle_tf.serve.app import create_app
    from holle_tf.serve.server import address, listen, run_server

    backends: list[Backend] = []
    samples: list[SampleDocument] = []
    cache = DocumentCache.of_megabytes(config.serve.document_cache_mb)
    exports = _paths(export_dir)
    if config.serve.retrieve and not documents:
        raise UserError("serve.retrieve needs --documents, the store in which documents are found.")
    store = _store(documents, exports, config.serve.retrieve > 0) if documents else None
    with listen(config.serve) as bound:
        for path in exports:
            from holle_tf.serve.onnx_backend import OnnxBackend

            logger.info(f"loading {path}")
            backends.append(OnnxBackend(path, cache, store=store, states=config.serve.document_states))
        if store is not None:
            _check_store(store, backends)
        if run_dir or not backends:
            states = config.serve.document_states
            runs, samples = _runs(Path(config.runs_dir), _paths(run_dir), cache, states)
            backends += runs
        for backend in backends:
            warm_up(backend)
        named = name_backends(backends)
        app = create_app(named, config.serve, samples, cache, store)
        bound.listen()  # from here on, a client that connects only has to wait
        print(f"serving {', '.join(named)} at {address(bound)}; Ctrl-C ends", flush=True)
        run_server(app, bound, config.serve)
    logger.info("stopped")


def _store(folder: str, exports: Sequence[Path], search: bool) -> Store:
    """The store of a folder, for the export that has encoded it."""
    check_packages(search)
    from holle_tf.store.reader import Store

    if not exports:
        raise UserError("--documents needs --export_dir, the ONNX export that the store was encoded with.")
    store = Store(Path(folder))
    if search and not store.has_search:
        raise UserError(
            f"{folder}: has no index to search; give the --mode=encode command again with"
            " --set store.search=true."
        )
    return store


def _check_store(store: Store, exports: Sequence[Backend]) -> None:
    """Raise a UserError if none of the exports has encoded the store."""
    if not any(getattr(export, "uses_store", False) for export in exports):
        raise UserError(
            f"{store.folder}: this store is of another model than --export_dir; serve the export that it was"
            " encoded with, or encode the documents again."
        )


def _paths(text: Optional[str]) -> list[Path]:
    return [Path(path) for path in listed_paths(text or "")]


def _runs(
    root: Path, paths: list[Path], cache: DocumentCache, states: str
) -> tuple[list[Backend], list[SampleDocument]]:
    """Loaded runs, by default the newest student under ``root``, and documents of the first one's data."""
    from holle_tf.runs.prediction import newest_student
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.serve.run_backend import RunBackend
    from holle_tf.serve.samples import sample_documents

    runs = [RunFolder(path) for path in paths] or [newest_student(root)]
    backends: list[Backend] = []
    for run in runs:
        logger.info(f"loading {run.path}")
        backends.append(RunBackend(run, cache, "float16" if states == "auto" else states))
    roots = [root / "data", runs[0].path.parent.parent / "data"]
    return backends, sample_documents(runs[0], roots)


def name_backends(backends: Sequence[Backend]) -> dict[str, Backend]:
    """Each backend by the kind of its model; a second one of a kind gets a number: sam, sam-2."""
    named: dict[str, Backend] = {}
    for backend in backends:
        same = sum(other.card.kind == backend.card.kind for other in named.values())
        named[f"{backend.card.kind}-{same + 1}" if same else backend.card.kind] = backend
    return named
