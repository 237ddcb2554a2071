import json

import pytest

from benchmarks.publish import publish
from pipelines.errors import UserError


def test_a_report_becomes_a_page_with_its_pictures_and_numbers(tmp_path):
    report, root = tmp_path / "report", tmp_path / "repository"
    (report / "figures").mkdir(parents=True)
    (report / "figures" / "length-sd.png").write_bytes(b"picture")
    (report / "report.md").write_text("![F1](figures/length-sd.png)")
    content = {"size": "demo", "examples": {"shown": []}, "figures": {"length-sd": {"file": "length-sd.png"}}}
    (report / "report.json").write_text(json.dumps(content))
    (root / "docs" / "images").mkdir(parents=True)
    (root / "docs" / "images" / "report-demo-old.png").write_bytes(b"of a report before")
    publish(report, root)
    assert (root / "docs" / "results.md").read_text() == "![F1](images/report-demo-length-sd.png)"
    pictures = {path.name: path.read_bytes() for path in (root / "docs" / "images").iterdir()}
    assert pictures == {"report-demo-length-sd.png": b"picture"}
    kept = json.loads((root / "benchmarks" / "results" / "report-demo.json").read_text())
    assert set(kept) == {"size", "figures"}


def test_where_there_is_no_report_the_remedy_is_named(tmp_path):
    with pytest.raises(UserError, match="--mode=report"):
        publish(tmp_path, tmp_path)
