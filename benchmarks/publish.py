"""Keep a report, or a search, in the repository: numbers in benchmarks/results/, the page as docs/results.md.

    .venv/bin/python -m benchmarks.publish --report=runs/report-demo
    .venv/bin/python -m benchmarks.publish --report=runs/report-demo --name=demo-long
    .venv/bin/python -m benchmarks.publish --search=runs/sd-.../tune-... --name=tune-demo

Of another size than the demo's the page is docs/results-SIZE.md, and with a name docs/results-NAME.md.
Outcomes of the runs are kept too, so that a report elsewhere can go on from them (``report.kept``). The table
of a search gets into its page by ``benchmarks.report``.

Where the data are on the machine that made it stays there: names stand for paths.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, Optional

from absl import app, flags

from benchmarks.machine_paths import command_without_paths, everywhere, without_paths
from holle_tf.report.outcomes import OUTCOMES
from holle_tf.runs.run_folder import write_text
from pipelines.errors import UserError

_REPORT = flags.DEFINE_string("report", "runs/report-demo", "folder that --mode=report wrote")
_SEARCH = flags.DEFINE_string("search", None, "folder of a search by --mode=tune, instead of a report")
_NAME = flags.DEFINE_string(
    "name", None, "of the search in benchmarks/results, or of a report beside its size's"
)
_ROOT = flags.DEFINE_string("root", ".", "of the repository")


def publish(report: Path, root: Path, name: Optional[str] = None) -> None:
    """Copy ``report.json``, ``outcomes.json``, ``report.md`` and the pictures that the latter shows.

    Args:
        name: of the page, by default the report's size.

    Raises:
        UserError: no report is there.
    """
    try:
        text = (report / "report.md").read_text(encoding="utf-8")
        outcomes = (report / OUTCOMES).read_text(encoding="utf-8")
        content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read; make it with --mode=report.") from error
    content.pop("examples")  # they are to be looked at, on the page itself
    content, text = _without_places(content, text)
    chosen = name or content["size"]
    prefix = f"report-{chosen}"
    page = root / "docs" / ("results.md" if chosen == "demo" else f"results-{chosen}.md")
    images, results = root / "docs" / "images", root / "benchmarks" / "results"
    images.mkdir(parents=True, exist_ok=True)
    if page.exists():  # what it shows goes with it
        for old in re.findall(r"\]\(images/([\w.-]+)\)", page.read_text(encoding="utf-8")):
            (images / old).unlink(missing_ok=True)
    for figure in content["figures"].values():
        shutil.copyfile(report / "figures" / figure["file"], images / f"{prefix}-{figure['file']}")
    write_text(page, text.replace("](figures/", f"](images/{prefix}-"))
    write_text(results / f"{prefix}.json", _json(content))
    write_text(results / f"outcomes-{chosen}.json", outcomes)


def publish_search(search: Path, name: str, root: Path) -> None:
    """Copy ``trials.json`` as a result that ``benchmarks.report`` knows.

    Raises:
        UserError: no finished search is there.
    """
    try:
        found = json.loads((search / "trials.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read; make it with --mode=tune.") from error
    about = {key: found.pop(key) for key in ("command", "machine", "versions")}
    about["command"] = command_without_paths(about["command"])
    write_text(root / "benchmarks" / "results" / f"{name}.json", _json({**about, "result": found}))


def _without_places(content: dict[str, Any], text: str) -> tuple[dict[str, Any], str]:
    """The report without the paths of the machine, as JSON and as markdown."""
    command, corpus = content["command"], content["corpus"]
    public = {command: command_without_paths(command)}
    if content.pop("own_data", False):
        public[corpus] = "data in FOLDER"
    # In the page as they stand in its template: a short name of a folder may be a part of any word.
    for before, after, old in ((" on ", ", by\n", corpus), ("    ", "\n", command)):
        text = text.replace(f"{before}{old}{after}", f"{before}{public.get(old, old)}{after}")
    content = everywhere(content, without_paths)
    return {**content, "command": public[command], "corpus": public.get(corpus, corpus)}, without_paths(text)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main(_: list[str]) -> None:
    if _SEARCH.value is not None and _NAME.value is None:
        raise UserError("--search needs a --name.")
    if _SEARCH.value is not None:
        publish_search(Path(_SEARCH.value), _NAME.value, Path(_ROOT.value))
        return
    publish(Path(_REPORT.value), Path(_ROOT.value), _NAME.value)


if __name__ == "__main__":
    app.run(main)
