"""Measures the effect of an option on the scores; options of speed should have none.

    .venv/bin/python -m benchmarks.scores --model=sam --option=training.sam.recurrence --values=auto,keras
    .venv/bin/python -m benchmarks.scores --model=qanet --option=training.qanet.mixed_precision \\
        --values=bfloat16,none --seeds=0
    .venv/bin/python -m benchmarks.scores --recipe=add --teacher=qanet --option=distill.temperature \\
        --values=1,2,4 --seeds=0 --runs_dir=runs

Trains the model on the demo corpus, alone or by a recipe with teachers of seed 0, for every seed and value of
the option, and scores it on the test split. Differences are paired by seed: each value minus the first. All
runs are kept in ``--runs_dir``, so that the same command continues after an interruption. The last line is
JSON.
"""

from __future__ import annotations

import json
from dataclasses import replace

from absl import app, flags
from rich.table import Table

from benchmarks.paired import SCORES, summary
from holle_tf.config_sources import load_config, preset
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import ensure_scores
from holle_tf.runs.run_folder import TeacherSource
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from holle_tf.system.memory import keep_freed_memory
from holle_tf.training.distillation import find_or_train_teachers, student_of_teachers, with_recipe
from holle_tf.training.train import ensure_run

_MODEL = flags.DEFINE_enum("model", "sam", ["sam", "bidaf", "qanet"], "model to train")
_RECIPE = flags.DEFINE_string("recipe", None, "recipe of a student, such as add; none = the labels alone")
_TEACHER = flags.DEFINE_string("teacher", "", "teachers of the recipe: bidaf, qanet or bidaf,qanet")
_OPTION = flags.DEFINE_string("option", "training.sam.recurrence", "key of the configuration")
_VALUES = flags.DEFINE_list("values", ["auto", "keras"], "values of the option; differences are to the first")
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "seeds of weights, dropout and order of the examples")
_SET = flags.DEFINE_multi_string("set", [], "another option for all runs, such as training.sam.epochs=8")
_LIMIT = flags.DEFINE_integer("limit", 0, "examples of each split; 0 = all", lower_bound=0)
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs/scores", "folder for data and runs")


def score(value: str, seed: int) -> dict[str, float]:
    """Test scores, 0-100, and conicities of a run, which is trained unless it exists."""
    given = {"model": _MODEL.value, "runs_dir": _RUNS_DIR.value, "seed": seed, "limit": _LIMIT.value}
    if _RECIPE.value:
        given.update(recipe=_RECIPE.value, teacher=_TEACHER.value)
    config = load_config([preset("demo")], [*_SET.value, f"{_OPTION.value}={value}"], given)
    prepared = open_data(config)
    teachers: list[TeacherSource] = []
    if _RECIPE.value:
        config = student_of_teachers(config, None)
        teachers = find_or_train_teachers(replace(config, seed=0), prepared, None)
    elif config.model == "sam":
        config = with_recipe(config, "_train")
    run = ensure_run(config, prepared, teachers=teachers)
    run_on_data = RunOnData(run, prepared, config)
    ensure_scores(run_on_data, "test")
    scores = run_on_data.scores()["test"]
    cones = {f"conicity of {name}": cone["value"] for name, cone in run_on_data.conicity("test").items()}
    return {**{name: scores[name] for name in SCORES}, **cones}


def main(_: list[str]) -> None:
    configure_console()
    keep_freed_memory()
    found: dict[str, dict[str, dict[str, float]]] = {value: {} for value in _VALUES.value}
    for seed in _SEEDS.value:
        for value in _VALUES.value:
            found[value][seed] = score(value, int(seed))
    means = summary(found)
    table = Table("value", *(f"F1, seed {seed}" for seed in _SEEDS.value), "mean F1", "difference", "mean EM")
    for value, of_seed in found.items():
        cells = [f"{row['f1']:.1f}" for row in of_seed.values()]
        of_f1 = means[value]["f1"]
        cells += [f"{of_f1['mean']:.1f}", f"{of_f1['difference']:+.1f}", f"{means[value]['em']['mean']:.1f}"]
        table.add_row(value, *cells)
    print_table(table, f"{_MODEL.value}, test, by {_OPTION.value}")
    print(
        json.dumps(
            {
                "model": _MODEL.value,
                "recipe": _RECIPE.value,
                "option": _OPTION.value,
                "runs": found,
                "summary": means,
            }
        )
    )


if __name__ == "__main__":
    app.run(main)
