import json

import pytest

from benchmarks.publish import publish, publish_search
from benchmarks.report import fill
from benchmarks.tables import PAGES
from pipelines.errors import UserError


def test_a_report_becomes_a_page_with_its_figures_and_outcomes(tmp_path):
    report, root = tmp_path / "report", tmp_path / "repository"
    (report / "figures").mkdir(parents=True)
    (report / "figures" / "length-sd.png").write_bytes(b"picture")
    (report / "report.md").write_text("![F1](figures/length-sd.png)")
    content = {"size": "demo", "command": "python -m holle_tf.main", "corpus": "the embedded demo corpus",
               "examples": {"shown": []}, "figures": {"length-sd": {"file": "length-sd.png"}}}  # fmt: skip
    (report / "report.json").write_text(json.dumps(content))
    (report / "outcomes.json").write_text("outcomes")
    images = root / "docs" / "images"
    images.mkdir(parents=True)
    (root / "docs" / "results.md").write_text("![before](images/report-demo-old.png)")
    (images / "report-demo-old.png").write_bytes(b"of a report before")
    (images / "report-demo-long-length-sd.png").write_bytes(b"of another page")
    publish(report, root)
    assert (root / "docs" / "results.md").read_text() == "![F1](images/report-demo-length-sd.png)"
    pictures = {path.name: path.read_bytes() for path in (root / "docs" / "images").iterdir()}
    assert pictures == {
        "report-demo-length-sd.png": b"picture",
        "report-demo-long-length-sd.png": b"of another page",
    }
    assert (root / "benchmarks" / "results" / "outcomes-demo.json").read_text() == "outcomes"

    publish(report, root, "demo-long")
    assert (
        root / "docs" / "results-demo-long.md"
    ).read_text() == "![F1](images/report-demo-long-length-sd.png)"
    assert (images / "report-demo-long-length-sd.png").read_bytes() == b"picture"
    assert {path.stem for path in (root / "benchmarks" / "results").iterdir()} == {
        "outcomes-demo", "outcomes-demo-long"
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["/home/someone/chats", "holle", "~/chats"])
def test_where_somebodys_data_are_is_not_published(tmp_path, folder):
    report, root = tmp_path / "report", tmp_path / "repository"
    report.mkdir()
    (report / "outcomes.json").write_text("{}")
    command = (
        f"python -m holle_tf.main --mode=report --size=full --data_dir={folder} "
        "--glove /home/someone/glove.zip --set runs_dir=/scratch/runs --config=holle_tf/presets/cpu.yaml"
    )
    failed = {"sd/qanet, seed 0": f"{folder}/train_data.json: cannot read; see /scratch/runs/x"}
    content = {"size": "full", "command": command, "corpus": folder, "own_data": True, "failed": failed,
               "examples": {}, "figures": {}}  # fmt: skip
    (report / "report.json").write_text(json.dumps(content))
    page = f"Every table of the paper, reproduced on {folder}, by\n\n    {command}\n\non a CPU.\n"
    (report / "report.md").write_text(page + f"Failed: {failed}; sd/qanet of holle_tf; 1 / 2 / 3\n")
    publish(report, root)
    public = (
        "python -m holle_tf.main --mode=report --size=full --data_dir=FOLDER --glove FILE "
        "--set runs_dir=RUNS --config=holle_tf/presets/cpu.yaml"
    )
    written = (root / "docs" / "results-full.md").read_text()
    expected = page.replace(f" {folder},", " data in FOLDER,").replace(command, public)
    assert written.startswith(expected) and written.endswith("sd/qanet of holle_tf; 1 / 2 / 3\n")
    assert "someone" not in written and "scratch" not in written and "~" not in written
    assert [path.name for path in (root / "benchmarks" / "results").iterdir()] == ["outcomes-full.json"]


def test_a_search_becomes_a_result_with_a_table(tmp_path):
    row = {"trial": 2, "status": "COMPLETED", "values": {"sam.units": 64}, "val_f1": 44.75, "val_em": 30.0,
           "val_loss": 3.27, "parameters": 162660, "seconds": 76.0, "front": ["seconds"]}  # fmt: skip
    failed = {"trial": 1, "status": "FAILED", "values": {"sam.units": 65}, "error": "out of memory"}
    command = "python -m holle_tf.main --mode=tune --data_dir=/home/someone/chats --set tuning.space=quick"
    found = {
        "command": command,
        "machine": {"cpu": "CPU", "cores": 2},
        "versions": {},
        "trials": [row, failed],
    }
    (tmp_path / "trials.json").write_text(json.dumps(found))
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    publish_search(tmp_path, "tune-demo", tmp_path)
    kept = json.loads((tmp_path / "benchmarks" / "results" / "tune-demo.json").read_text())
    assert kept["result"] == {"trials": [row, failed]}
    page = "<!-- tune-demo -->\n<!-- end -->\n"
    page = fill(page, {"tune-demo": kept}, {"tune-demo": PAGES["tuning.md"]["tune-demo"]})
    assert (
        "| 2 | 64 | 44.75 | 30.00 | 3.270 | 162,660 | 76 | seconds |" in page
        and "| 1 | 65 | failed |" in page
    )
    assert "--data_dir=FOLDER --set tuning.space=quick`, 2 cores, CPU." in page
    with pytest.raises(UserError, match="--mode=tune"):
        publish_search(tmp_path / "none", "tune-demo", tmp_path)


def test_where_there_is_no_report_the_remedy_is_named(tmp_path):
    with pytest.raises(UserError, match="--mode=report"):
        publish(tmp_path, tmp_path)
