"""A teacher, a student and a term of a plugin, those of docs/extending.md, go through every mode."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from holle_tf.config_sources import load_config
from pipelines.errors import UserError
from pipelines.plugins import load_plugins, plugin_digest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def block(word):
    (found,) = [text for text in BLOCKS if word in text]
    return found


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """The plugins of the page in a folder of their own."""
    folder = tmp_path_factory.mktemp("plugins")
    sources = {
        "my_models.py": block("def build_bilinear") + "\n\n" + block("def build_pointer"),
        "my_term.py": block("def entropy_distance"),
        "my_articles.py": block("register_reader("),
        "my_score.py": block("register_score("),
        "my_format.py": block("register_export_format("),
    }
    for name, source in sources.items():
        (folder / name).write_text(source)
    return [folder / name for name in sources]


@pytest.fixture(scope="module")
def journey(plugins, tmp_path_factory):
    """What each mode said, by its name, and the folder of the runs."""
    runs_dir = tmp_path_factory.mktemp("runs")
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "plugin_journey.py", runs_dir, *plugins],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, cwd=runs_dir,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return {(step := json.loads(line))["step"]: step for line in done.stdout.splitlines()}, runs_dir


@pytest.mark.slow
@pytest.mark.parametrize("step", ["train", "distill", "chunked", "term", "tune", "report", "evaluate"])
def test_a_model_of_a_plugin_goes_through_a_mode(journey, step):
    steps, _ = journey
    assert steps[step]["status"] == 0, steps[step]["err"]


@pytest.mark.slow
def test_its_student_learns_from_its_teacher_on_short_and_long_documents(journey):
    steps, runs_dir = journey
    student = json.loads(steps["distill"]["last"])
    assert [row["name"] for row in student["scores"]] == [
        "Pointer alone",
        "Pointer from bilinear",
        "bilinear (teacher)",
    ]
    assert "in chunks" in json.loads(steps["chunked"]["last"])["scores"][-1]["name"]
    assert list(runs_dir.glob("data/sd-*/teachers/*")), "the teacher's scores are cached"
    metrics = next(runs_dir.glob("sd-*/pointer-add-sure-*/metrics.jsonl")).read_text()
    assert json.loads(metrics.splitlines()[0])["entropy"] >= 0


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bilinear", "pointer"])
def test_padding_changes_nothing(journey, model):
    steps, _ = journey
    assert steps["padding"][model] < 1e-5


@pytest.mark.slow
def test_its_rows_are_in_the_report(journey):
    _, runs_dir = journey
    page = (runs_dir / "report-smoke" / "report.md").read_text()
    for label in ("Bilinear", "Pointer-add-train", "Pointer-add from Bilinear"):
        assert label in page


@pytest.mark.slow
def test_it_is_served_but_cannot_be_exported(journey):
    steps, _ = journey
    assert steps["serve"]["title"] == "Pointer, distilled from Bilinear" and steps["serve"]["spans"]
    assert steps["export"]["status"] == 2
    assert "Pointer cannot be exported" in steps["export"]["err"]


@pytest.mark.slow
def test_a_run_records_its_plugins_and_a_later_command_says_which_is_missing(journey, plugins, tmp_path):
    steps, _ = journey
    student = Path(steps["serve"]["student"])
    recorded = json.loads((student / "plugins.json").read_text())
    assert {"my_models", "my_term"} <= set(recorded) and all(
        len(digest) == 64 for digest in recorded.values()
    )
    assert set(json.loads((student / "identity.json").read_text())["plugins"]) == {"my_models"}
    config = (student / "config.yaml").read_text().replace(str(plugins[0]), str(tmp_path / "my_models.py"))
    (tmp_path / "config.yaml").write_text(config)
    with pytest.raises(
        UserError, match=r"config.yaml needs the plugin 'my_models', .*--plugin=FOLDER/my_models.py"
    ):
        load_config([tmp_path / "config.yaml"])


@pytest.mark.slow
def test_its_score_is_a_column(journey):
    steps, runs_dir = journey
    assert "1st" in steps["evaluate"]["out"]
    assert 0 <= json.loads(steps["evaluate"]["last"])["first_word"] <= 100


@pytest.mark.slow
def test_its_format_is_written_with_a_model_card(journey):
    steps, runs_dir = journey
    assert steps["npz"]["status"] == 0, steps["npz"]["err"]
    folder = Path(json.loads(steps["npz"]["last"])["exports"]["npz"])
    assert len(np.load(folder / "model.npz").files) > 10
    assert "npz" in (folder / "model_card.md").read_text()


@pytest.mark.slow
def test_its_reader_prepares_data(journey):
    steps, _ = journey
    assert steps["prepare"]["status"] == 0, steps["prepare"]["err"]
    counts = json.loads(steps["prepare"]["last"])
    assert (counts["train"], counts["dev"], counts["test"]) == (3, 1, 1)


def test_a_plugin_that_fails_is_one_line_that_names_it(tmp_path):
    broken = tmp_path / "broken_plugin.py"
    broken.write_text("1 / 0\n")
    with pytest.raises(UserError, match="broken_plugin.py: cannot be imported .Zero.*; correct it"):
        load_plugins([str(broken)])
    assert "broken_plugin" not in sys.modules
    with pytest.raises(UserError, match="--plugin=no_such_module: cannot be imported"):
        load_config(flags={"plugins": ["no_such_module"]})


def test_the_digest_of_a_package_is_of_all_its_files(tmp_path, monkeypatch):
    package = tmp_path / "plugin_of_two_files"
    package.mkdir()
    (package / "__init__.py").write_text("from plugin_of_two_files import more\n")
    (package / "more.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    load_plugins(["plugin_of_two_files"])
    before = plugin_digest("plugin_of_two_files")
    (package / "more.py").write_text("A = 2\n")
    assert plugin_digest("plugin_of_two_files") != before
