"""Keep a report in the repository: its numbers in benchmarks/results/, its page as docs/results.md.

.venv/bin/python -m benchmarks.publish --report=runs/report-demo
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from absl import app, flags

from pipelines.atomic import atomic_file
from pipelines.errors import UserError

_REPORT = flags.DEFINE_string("report", "runs/report-demo", "folder that --mode=report wrote")
_ROOT = flags.DEFINE_string("root", ".", "of the repository")


def publish(report: Path, root: Path) -> None:
    """Copy ``report.json``, ``report.md`` and the pictures that the latter shows.

    Raises:
        UserError: no report is there.
    """
    try:
        text = (report / "report.md").read_text(encoding="utf-8")
        content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be read; make it with --mode=report.") from error
    content.pop("examples")  # they are to be looked at, on the page itself
    name = f"report-{content['size']}"
    images = root / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    for old in images.glob(f"{name}-*.png"):
        old.unlink()
    for figure in content["figures"].values():
        shutil.copyfile(report / "figures" / figure["file"], images / f"{name}-{figure['file']}")
    files = {
        root / "docs" / "results.md": text.replace("](figures/", f"](images/{name}-"),
        root / "benchmarks" / "results" / f"{name}.json": json.dumps(content, indent=1, ensure_ascii=False)
        + "\n",
    }
    for path, written in files.items():
        with atomic_file(path, "wb") as file:
            file.write(written.encode("utf-8"))


def main(_: list[str]) -> None:
    publish(Path(_REPORT.value), Path(_ROOT.value))


if __name__ == "__main__":
    app.run(main)
