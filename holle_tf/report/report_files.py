"""The report as files: one page, markdown, a CSV of all runs, and JSON for machines."""

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
        folder: made if need be; its pictures are in ``figures/`` already.
        content: what ``content.report_content`` gives.
        rows: of which the CSV has every run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {one["file"]: _data_uri(folder / FIGURES / one["file"]) for one in content["figures"].values()}
    page = _template("report.html").render(**content, pictures=pictures)
    files = {
        "index.html": page,
        "report.md": _template("report.md").render(**content),
        "report.json": json.dumps(_plain(content), indent=1, ensure_ascii=False) + "\n",
        "scores.csv": scores_csv(rows),
    }
    for name, text in files.items():
        write_text(folder / name, text)
    return [folder / name for name in files]


def scores_csv(rows: Mapping[str, Row]) -> str:
    """A line for each run on each kind of document: scores, conicity, costs, folder."""
    lines: list[dict[str, Any]] = []
    for row in rows.values():
        for one in row.outcomes:
            line: dict[str, Any] = {"row": row.key, "setup": row.setup, "seed": one.seed}
            line.update({name: one.scores.get(name) for name in SCORES})
            if one.multi and "multi" in one.multi:
                line["multi_reference_examples"] = one.multi["examples"]
                for kind in ("single", "multi"):
                    line.update({f"{kind}_{name}": one.multi[kind].get(name) for name in SCORES})
            line.update({f"conicity_{name}": value for name, value in one.conicity.items()})
            for name in ("parameters", "epochs", "best_epoch", "seconds_per_epoch", "peak_memory_mb"):
                line[name] = one.result.get(name)
            line["run"] = one.run
            lines.append(line)
    columns = list(dict.fromkeys(name for line in lines for name in line)) or ["row", "setup", "seed"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _template(name: str) -> jinja2.Template:
    """HTML is escaped; in markdown what would break a table is."""
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
    """For markdown, which has one line of titles: the group that stands over each column."""
    heads = [f"{title}, " if title else "" for title, span in table.groups for _ in range(span)]
    return heads or [""] * len(table.columns)


def _data_uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")


def _plain(value: Any) -> Any:
    """For JSON: tables as dicts, and no text of whole documents."""
    if isinstance(value, Table):
        table = asdict(value)
        return {**table, "rows": [[cell._asdict() for cell in row] for row in value.rows]}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if name != "pieces"}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
