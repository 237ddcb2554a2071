"""docs/recipes.md says what there is, and its worked example works as it stands."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from holle_tf.config_sources import load_config
from holle_tf.distill.recipes import SHIPPED, all_recipes
from holle_tf.distill.terms import TERMS
from holle_tf.options.distill import DistillConfig

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


def block(title):
    """The code block of the page with this title."""
    (found,) = re.findall(rf"^```\w+ {re.escape(title)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def test_every_recipe_term_and_option_is_on_the_page_with_its_default():
    for name, recipe in SHIPPED.items():
        if name.startswith("add"):
            assert f"| `{name}` | {' + '.join(recipe.terms)} |" in PAGE
    for name in TERMS:
        assert f"`{name}`" in PAGE
    rows = dict(re.findall(r"^\| (`.*?) \| (.*?) \| .* \|$", PAGE, re.MULTILINE))
    defaults = {}
    for names, values in rows.items():
        defaults.update(zip(re.findall(r"`(\w+)`", names), values.split(", ")))
    for field in dataclasses.fields(DistillConfig):
        written = str(field.default).lower()
        assert defaults[field.name] == written.removesuffix(".0"), field.name


@pytest.mark.parametrize("yaml", re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_recipes_on_the_page_are_valid(yaml, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml)
    config = load_config([file])
    assert set(all_recipes(config.recipes)) > set(SHIPPED)


STEP = """
from pathlib import Path

from holle_tf.config_sources import load_config
from holle_tf.distill.distiller import Distiller, online_teacher
from holle_tf.catalogue import SamConfig
from holle_tf.models.sam import build_sam
from holle_tf.modes.recipes import recipes_mode
from holle_tf.training.distillation import with_recipe
from holle_tf.runs.identity import run_terms

config = with_recipe(load_config([Path("mover.yaml")], flags={"recipe": "add_mover"}), "")
recipes_mode(config)
vectors = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
student, teacher = (build_sam(SamConfig(units=4, layers=1, inner_units=4), vectors) for _ in range(2))
distiller = Distiller(student, run_terms(config), [online_teacher(teacher)], config.distill)
distiller.compile(optimizer="sgd", run_eagerly=True)
texts = {name: np.arange(1, 25, dtype=np.int32).reshape(2, 12) for name in student.input}
edges = {edge: np.array([3, 8], np.int32) for edge in ("start", "end")}
logs = distiller.train_on_batch(texts, edges, return_dict=True)
assert logs["mover"] > 0
loss = logs["labels"] + logs["teacher"] + 0.1 * logs["mover"]
assert abs(logs["loss"] - loss) < 1e-4 * loss, logs
"""


def test_a_term_and_a_recipe_are_added_by_following_the_page(tmp_path):
    # All is linked but the three edited files and those beside them.
    for room in ("distill", "options"):
        shutil.copytree(ROOT / "holle_tf" / room, tmp_path / "holle_tf" / room)
    for path in (ROOT / "holle_tf").iterdir():
        if path.name not in ("distill", "options", "__pycache__"):
            (tmp_path / "holle_tf" / path.name).symlink_to(path)
    for path in ROOT.iterdir():
        if (path / "__init__.py").exists() and path.name != "holle_tf":
            (tmp_path / path.name).symlink_to(path)
    distill = tmp_path / "holle_tf" / "distill"
    for name in ("losses.py", "terms.py"):
        (distill / name).write_text((distill / name).read_text() + "\n\n" + block(name))
    edit(distill / "terms.py", "    ensemble_divergence,\n", "    earth_movers_distance,\n")
    options = tmp_path / "holle_tf" / "options" / "distill.py"
    edit(options, "class DistillConfig:\n", '    """..."""\n\n' + block("distill.py"))
    (tmp_path / "mover.yaml").write_text(block("mover.yaml"))
    test = (
        "import numpy as np\nimport scipy\n\nfrom holle_tf.distill.losses import earth_movers_distance\n\n\n"
    )
    test += block("test_losses.py") + "\n\ntest_earth_movers_distance_matches_scipy()\n"
    done = subprocess.run(
        [sys.executable, "-c", test + STEP],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "labels + teacher + mover" in done.stdout


def edit(path, before, addition):
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, before + addition))
