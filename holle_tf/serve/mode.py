"""What ``--mode=serve`` does."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Optional, Sequence

from holle_tf.config import Config
from holle_tf.serve.backend import Backend, warm_up
from pipelines.errors import UserError

Log = Callable[[str], None]
PACKAGES = ("fastapi", "uvicorn")
INSTALL = "python -m pip install -r requirements-serve.txt"


def serve_mode(config: Config, run_dirs: Optional[str], log: Log) -> None:
    """Serve one or more runs, the newest student by default, until the process is told to stop.

    Args:
        run_dirs: run folders with commas between them; the page talks to the first.

    Raises:
        UserError: FastAPI or uvicorn is missing, a run cannot be used, or the port is taken.
    """
    if missing := [package for package in PACKAGES if find_spec(package) is None]:
        raise UserError(f"--mode=serve needs {' and '.join(missing)}: {INSTALL}")
    from holle_tf.serve.app import create_app
    from holle_tf.serve.run_backend import RunBackend
    from holle_tf.serve.samples import sample_documents
    from holle_tf.serve.server import address, listen, run_server
    from holle_tf.workflow.prediction import newest_student
    from holle_tf.workflow.run_folder import RunFolder

    root = Path(config.runs_dir)
    paths = [Path(path) for path in (run_dirs or "").split(",") if path]
    runs = [RunFolder(path) for path in paths] or [newest_student(root)]
    with listen(config.serve) as bound:
        backends: list[Backend] = []
        for run in runs:
            log(f"loading {run.path}")
            backends.append(RunBackend(run))
            warm_up(backends[-1])
        named = with_names(backends)
        roots = [root / "data", runs[0].path.parent.parent / "data"]
        app = create_app(named, config.serve, sample_documents(runs[0], roots))
        print(f"serving {', '.join(named)} at {address(bound)}; Ctrl-C ends", flush=True)
        run_server(app, bound, config.serve)
    log("stopped")


def with_names(backends: Sequence[Backend]) -> dict[str, Backend]:
    """Each backend by the kind of its model; a second one of a kind gets a number: sam, sam-2."""
    named: dict[str, Backend] = {}
    for backend in backends:
        same = sum(one.card.kind == backend.card.kind for one in named.values())
        named[f"{backend.card.kind}-{same + 1}" if same else backend.card.kind] = backend
    return named
