"""Publish a report or a search in the repository.

    .venv/bin/python -m benchmarks.publish --report=runs/report-demo
    .venv/bin/python -m benchmarks.publish --report=runs/report-demo --name=demo-long
    .venv/bin/python -m benchmarks.publish --search=runs/sd-.../tune-... --name=tune-demo

The page of a report of size demo is docs/results.md, that of another size docs/results-SIZE.md, and with a
name docs/results-NAME.md. The outcomes of its runs go to benchmarks/results/outcomes-SIZE.json or
outcomes-NAME.json. From them, ``--mode=report`` with ``report.kept`` makes the report again (docs/report.md),
so nothing else is published. ``benchmarks.report`` puts the table of a search into its page.

Paths of the machine are replaced by names.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, Optional

from absl import app, flags

from benchmarks.machine_paths import command_without_paths, without_paths
from holle_tf.report.outcomes import OUTCOMES
from holle_tf.runs.run_folder import write_text
from pipelines.errors import UserError

_REPORT = flags.DEFINE_string("report", "runs/report-demo", "folder of a report by --mode=report")
_SEARCH = flags.DEFINE_string("search", None, "folder of a search by --mode=tune, instead of a report")
_NAME = flags.DEFINE_string(
    "name", None, "name of the search in benchmarks/results, or of the report's page instead of its size"
)
_ROOT = flags.DEFINE_string("root", ".", "folder of the repository")


def publish(report: Path, root: Path, name: Optional[str] = None) -> None:
    """Copy ``report.md`` with its figures, and ``outcomes.json``.

    Args:
        name: name of the page; the default is the size of the report.

    Raises:
        UserError: ``report`` is not the folder of a report.
    """
    try:
        text = (report / "report.md").read_text(encoding="utf-8")
        outcomes = (report / OUTCOMES).read_text(encoding="utf-8")
        content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read; make it with --mode=report.") from error
    text = _without_places(content, text)
    chosen = name or content["size"]
    prefix = f"report-{chosen}"
    page = root / "docs" / ("results.md" if chosen == "demo" else f"results-{chosen}.md")
    images, results = root / "docs" / "images", root / "benchmarks" / "results"
    images.mkdir(parents=True, exist_ok=True)
    if page.exists():  # its figures are replaced too
        for old in re.findall(r"\]\(images/([\w.-]+)\)", page.read_text(encoding="utf-8")):
            (images / old).unlink(missing_ok=True)
    for figure in content["figures"].values():
        shutil.copyfile(report / "figures" / figure["file"], images / f"{prefix}-{figure['file']}")
    write_text(page, text.replace("](figures/", f"](images/{prefix}-"))
    write_text(results / f"outcomes-{chosen}.json", outcomes)


def publish_search(search: Path, name: str, root: Path) -> None:
    """Copy ``trials.json`` as a result for ``benchmarks.report``.

    Raises:
        UserError: ``search`` is not the folder of a finished search.
    """
    try:
        found = json.loads((search / "trials.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read; make it with --mode=tune.") from error
    about = {key: found.pop(key) for key in ("command", "machine", "versions")}
    about["command"] = command_without_paths(about["command"])
    text = json.dumps({**about, "result": found}, indent=1, ensure_ascii=False) + "\n"
    write_text(root / "benchmarks" / "results" / f"{name}.json", text)


def _without_places(content: dict[str, Any], text: str) -> str:
    """The page without the paths of the machine."""
    command, corpus = content["command"], content["corpus"]
    public = {command: command_without_paths(command)}
    if content.get("own_data", False):
        public[corpus] = "data in FOLDER"
    # Replaced only where the template has them: a short name of a folder may be a part of any word.
    for before, after, old in ((" on ", ", by\n", corpus), ("    ", "\n", command)):
        text = text.replace(f"{before}{old}{after}", f"{before}{public.get(old, old)}{after}")
    return without_paths(text)


def main(_: list[str]) -> None:
    if _SEARCH.value is not None and _NAME.value is None:
        raise UserError("--search needs a --name.")
    if _SEARCH.value is not None:
        publish_search(Path(_SEARCH.value), _NAME.value, Path(_ROOT.value))
        return
    publish(Path(_REPORT.value), Path(_ROOT.value), _NAME.value)


if __name__ == "__main__":
    app.run(main)
