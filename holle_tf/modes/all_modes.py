"""What each ``--mode`` does."""

from __future__ import annotations

import json
import logging
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Sequence

from rich.table import Table

from holle_tf.catalogue import is_student, title_of
from holle_tf.config import Config
from holle_tf.distill.recipes import all_recipes, recipe
from holle_tf.drawing.terminal_table import print_table, scores_table
from holle_tf.evaluate.references import (
    References,
    counts_line,
    read_references,
    score_with_references,
)
from holle_tf.options.distill import numbered
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import (
    baseline_rows,
    ensure_scores,
    evaluate_run,
    predictions_of,
    run_row,
)
from holle_tf.runs.identity import check_switched_on, distill_options
from holle_tf.runs.pictures import draw_pictures
from holle_tf.runs.prediction import chat_interactively, chosen_run, predict_file
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import Reading
from holle_tf.system.devices import ONE, Devices
from holle_tf.training.benchmark import inference_table, run_benchmark, training_table
from holle_tf.training.distillation import (
    find_or_train_teachers,
    student_alone,
    student_of_teachers,
    with_recipe,
)
from holle_tf.training.setup import begin
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.options import LONG_SETUPS, WINDOWS, DataConfig
from pipelines.records import read_examples

logger = logging.getLogger(__name__)


def prepare_mode(config: Config, beam_options: Optional[str]) -> None:
    """Raw chats to vocabularies, word vectors and records, by Apache Beam if it has options."""
    prepared = open_data(config, None if beam_options is None else shlex.split(beam_options))
    counts = {split: prepared.count(split) for split in ("train", "dev", "test")}
    print(json.dumps({"folder": str(prepared.folder), "fingerprint": prepared.fingerprint, **counts}))


def train_mode(config: Config, run_dir: Optional[str], devices: Devices = ONE) -> None:
    """A model on the labels alone."""
    if not is_student(config.model) and config.recipe:
        raise UserError(f"--model={config.model} is trained on its labels; leave out the recipe.")
    if is_student(config.model):
        config = with_recipe(config, "_train")
        if recipe(config.recipe, config.recipes).teachers:
            raise UserError(f"--recipe={config.recipe} needs a teacher; use --mode=distill --teacher=qanet.")
    config = replace(config, teacher="")
    prepared, devices = begin(config, devices)
    run = ensure_run(config, prepared, _path(run_dir), devices=devices)
    if not devices.chief:
        return
    _report(Reading(run, prepared, config), "test", [])


def distill_mode(
    config: Config,
    run_dir: Optional[str],
    teacher_runs: Optional[Sequence[str]],
    devices: Devices = ONE,
) -> None:
    """Teachers (trained first if there are none), a student alone, and a student distilled, side by side."""
    config = student_of_teachers(config, teacher_runs)
    prepared, devices = begin(config, devices)
    teachers = find_or_train_teachers(config, prepared, teacher_runs, devices)
    config = replace(config, teacher=",".join(teacher.config().model for teacher in teachers))
    distill_options(config)  # what cannot be learned from these teachers is said before a student is trained
    rows, readings = [], {}

    def show(name: str, label: str, run: RunFolder) -> None:
        if not devices.chief:
            return
        readings[name] = Reading(run, prepared, config)
        ensure_scores(readings[name], "test")
        rows.append(run_row(readings[name], label, "test"))

    if config.distill.compare_alone:
        logger.info("== student without a teacher, for comparison")
        alone = ensure_run(student_alone(config), prepared, devices=devices)
        show("alone", f"{title_of(config.model)} alone", alone)
    logger.info(f"== student distilled from {config.teacher}, recipe {config.recipe}")
    student = ensure_run(config, prepared, _path(run_dir), teachers, devices=devices)
    if not devices.chief:
        return
    plain = config.recipe == config.interaction
    show(
        "distilled",
        f"{title_of(config.model)} from {config.teacher}" + ("" if plain else f" ({config.recipe})"),
        student,
    )
    for name, teacher in zip(_distinct(config.teachers), teachers):
        how = "teacher of windows" if teacher.config().data.setup == WINDOWS else "teacher"
        in_chunks = Reading(teacher, prepared, config).in_chunks
        show(name, f"{name} ({how}{', in chunks' if in_chunks else ''})", teacher)
    pictures = draw_pictures(readings, student.path / "figures", prepared)
    print_table(
        scores_table([*baseline_rows(prepared, "test", config.seed), *rows]),
        f"test, {config.data.setup}",
    )
    print("student:     ", student.path)
    print("pictures:    ", ", ".join(str(picture) for picture in pictures))
    print("curves:      ", f"tensorboard --logdir {student.path.parent}")
    print("try it:      ", f"python -m holle_tf.main --mode=predict --run_dir={student.path}")
    paths = [str(teacher.path) for teacher in teachers]
    teacher_paths: dict[str, Any] = {"teacher": paths[0]} if len(paths) == 1 else {"teachers": paths}
    print(json.dumps({"student": str(student.path), **teacher_paths, "scores": rows}))


def recipes_mode(config: Config) -> None:
    """Every recipe, those of the configuration among them, with its terms and a sentence."""
    table = Table(box=None, pad_edge=False)
    for header in ("recipe", "terms", "teachers", "the student learns from"):
        table.add_column(header, no_wrap=header != "the student learns from")
    for one in all_recipes(config.recipes).values():
        check_switched_on(one.name, one.terms, one.over(config.distill))
        teachers = ("none", "one", "two or more")[one.teachers]
        own = f" ({', '.join(f'{name}: {value}' for name, value in one.options)})" if one.options else ""
        table.add_row(one.name, " + ".join(one.terms), teachers, one.summary + own)
    print_table(table, "recipes of a student", whole=True)


def evaluate_mode(
    config: Config, run_dir: Optional[str], split: str, multi_reference: Optional[str] = None
) -> None:
    """A finished run on a split of the data that it was trained on, beside the baselines.

    Args:
        multi_reference: a file of further references, see ``evaluate/references.py``.
    """
    references = read_references(multi_reference) if multi_reference else None
    run = chosen_run(run_dir, config)
    trained = run.config()
    long = (
        config.data.setup in LONG_SETUPS
        and trained.data.setup not in LONG_SETUPS
        and not is_student(trained.model)
    )
    if not long and config.data.setup not in (trained.data.setup, DataConfig.setup):
        raise UserError(
            f"--setup={config.data.setup}: {run.path} reads what it was trained on ({trained.data.setup}); "
            "teachers of short documents alone read long ones."
        )
    own = _same_data(config, trained)
    if long:  # asked for, as a teacher's own documents are short
        own = replace(own, data=replace(own.data, setup=config.data.setup))
    prepared = open_data(own)
    rows = baseline_rows(prepared, split, run.config().seed)
    _report(Reading(run, prepared, config), split, rows, references)


def baselines_mode(config: Config, split: str) -> None:
    """The baselines beside every finished run on the same data."""
    prepared = open_data(config)
    rows = baseline_rows(prepared, split, config.seed)
    for path in sorted((Path(config.runs_dir) / prepared.folder.name).glob("*/result.json")):
        reading = Reading(RunFolder(path.parent), prepared, config)
        ensure_scores(reading, split)
        rows.append(run_row(reading, path.parent.name, split))
    print_table(scores_table(rows), f"{split}, {config.data.setup}")
    print(json.dumps(rows))


def benchmark_mode(config: Config, setups: Sequence[str]) -> None:
    """Memory and time of every model, as in the paper's tables 1 and 5."""
    report = run_benchmark(config, setups)
    print_table(inference_table(report["inference"]), "inference on the test split (table 1)")
    print_table(training_table(report["training"]), f"training, {setups[0]} (table 5)")
    print(json.dumps(report))


def predict_mode(config: Config, run_dir: Optional[str], chat: Optional[str]) -> None:
    """A run on one chat of a JSON file, or asked interactively about a document of its test split."""
    run = chosen_run(run_dir, config)
    logger.info(f"using {run.path}")
    if chat:
        print(json.dumps(predict_file(run, chat, config)))
        return
    prepared = open_data(_same_data(config, run.config()))
    chat_interactively(run, read_examples(prepared, "test")[0], config)


def _report(
    reading: Reading, split: str, rows: list[dict[str, Any]], references: Optional[References] = None
) -> None:
    scores = evaluate_run(reading, split)
    config = reading.run.config()
    setup = reading.prepared.config.setup
    row = run_row(reading, config.recipe or config.model, split)
    print_table(scores_table([*rows, row]), f"{split}, {setup}")
    cones = reading.conicity(split)
    for name, cone in cones.items():
        print(
            f"conicity of {name}: {cone['value']:.3f} over {cone['conversations']} conversations "
            f"({cone['excluded']} of one example left out)"
        )
    print("run:", reading.run.path)
    values: dict[str, Any] = {}
    if cones:
        values["conicity"] = {name: cone["value"] for name, cone in cones.items()}
    if references is not None:
        values["multi_reference"] = _show_references(reading, split, references)
    print(json.dumps({"run": str(reading.run.path), "split": split, **scores, **values}))


def _show_references(reading: Reading, split: str, references: References) -> dict[str, Any]:
    found = score_with_references(predictions_of(reading, split), references)
    print(counts_line(references, found))
    titles = {"single": "their own span alone", "multi": "all their references"}
    rows = [{"name": title, **found[key]} for key, title in titles.items() if key in found]
    if rows:
        print_table(scores_table(rows), f"the {found['examples']} examples with further references")
    return found


def _distinct(names: Sequence[str]) -> list[str]:
    """Each name, numbered where it stands more than once."""
    return [name if names.count(name) == 1 else f"{name} {place + 1}" for name, place in numbered(names)]


def _same_data(config: Config, trained: Config) -> Config:
    """The run's own data, found where the command line says if it says so."""
    chosen = {name: getattr(config, name) for name in ("data_dir", "glove") if getattr(config, name)}
    return replace(trained, runs_dir=config.runs_dir, **chosen)


def _path(text: Optional[str]) -> Optional[Path]:
    return Path(text) if text else None
