"""The report as files: an HTML page, Markdown, a CSV of all runs, and JSON."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Mapping

import jinja2

from holle_tf.evaluate.scores import SCORES
from holle_tf.report.outcomes import Row
from holle_tf.report.tables import Table
from holle_tf.runs.run_folder import write_text

TEMPLATES = Path(__file__).with_name("templates")
FIGURES = "figures"


def write_report(folder: Path, content: Mapping[str, Any], rows: Mapping[str, Row]) -> list[Path]:
    """Write ``index.html``, ``report.md``, ``report.json`` and ``scores.csv``.

    Args:
        folder: created if it does not exist; its figures have been drawn into ``figures/``.
        content: the result of ``content.report_content``, and what the report says about itself.
        rows: the source of the CSV.

    Returns:
        Paths of the files, ``index.html`` first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [figure["file"] for figure in content["figures"].values()]
    pictures = {name: _data_uri(folder / FIGURES / name) for name in files}
    page = _template("report.html").render(**content, pictures=pictures)
    texts = {
        "index.html": page,
        "report.md": _template("report.md").render(**content),
        "report.json": json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n",
        "scores.csv": scores_csv(rows),
    }
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def scores_csv(rows: Mapping[str, Row]) -> str:
    """A line for each outcome: scores, conicity, costs, run folder. A score that it lacks is empty."""
    lines: list[dict[str, Any]] = []
    for row in rows.values():
        for outcome in row.outcomes:
            line: dict[str, Any] = {"row": row.key, "setup": row.setup, "seed": outcome.seed}
            line.update({name: outcome.scores.get(name) for name in SCORES})
            if outcome.multi and "multi" in outcome.multi:
                line["multi_reference_examples"] = outcome.multi["examples"]
                for kind in ("single", "multi"):
                    line.update({f"{kind}_{name}": outcome.multi[kind].get(name) for name in SCORES})
            line.update({f"conicity_{name}": value for name, value in outcome.conicity.items()})
            for name in ("parameters", "epochs", "best_epoch", "seconds_per_epoch", "peak_memory_mb"):
                line[name] = outcome.result.get(name)
            line["run"] = outcome.run
            lines.append(line)
    columns = list(dict.fromkeys(name for line in lines for name in line)) or ["row", "setup", "seed"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _template(name: str) -> jinja2.Template:
    """A template that escapes HTML; in Markdown, ``cell`` escapes what would break a table."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = lambda text: " ".join(str(text).split()).replace("|", "\\|")
    return environment.get_template(name, globals={"heads": _heads})


def _heads(table: Table) -> list[str]:
    """The group above each column, for Markdown, whose tables have only one line of titles."""
    heads = [f"{title}, " if title else "" for title, span in table.groups for _ in range(span)]
    return heads or [""] * len(table.columns)


def _data_uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _plain(value: Any) -> Any:
    """The content as plain JSON values: tables as dicts, and no text of documents."""
    if isinstance(value, Table):
        table = asdict(value)
        return {**table, "rows": [[cell._asdict() for cell in row] for row in value.rows]}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items() if name != "pieces"}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value
