"""What each ``--mode`` does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

from holle_tf.config import Config
from holle_tf.distill.recipes import recipe
from holle_tf.evaluate.tables import print_table, scores_table
from holle_tf.workflow.benchmark import inference_table, run_benchmark, training_table
from holle_tf.workflow.data import open_data
from holle_tf.workflow.evaluation import baseline_rows, check_same_data, ensure_scores, evaluate_run, run_row
from holle_tf.workflow.pictures import draw_pictures
from holle_tf.workflow.prediction import chat_interactively, newest_student, predict_file
from holle_tf.workflow.run_folder import RunFolder
from holle_tf.workflow.training import ensure_run, find_teacher
from pipelines.errors import UserError
from pipelines.prepare import PreparedData
from pipelines.records import read_examples

Log = Callable[[str], None]


def with_recipe(config: Config, plain: str) -> Config:
    """``config`` with its recipe named and the student's interaction that of the recipe.

    Args:
        plain: suffix of the mode's own recipe: "_train", or "" for distillation by equation (1).
    """
    chosen = recipe(config.recipe or config.sam.interaction + plain)
    return replace(config, recipe=chosen.name, sam=replace(config.sam, interaction=chosen.interaction))


def prepare_mode(config: Config, log: Log) -> None:
    """Raw chats to vocabularies, word vectors and records."""
    prepared = open_data(config, log)
    counts = {split: prepared.count(split) for split in ("train", "dev", "test")}
    print(json.dumps({"folder": str(prepared.folder), "fingerprint": prepared.fingerprint, **counts}))


def train_mode(config: Config, run_dir: Optional[str], log: Log) -> None:
    """A model on the labels alone."""
    if config.model == "sam":
        config = with_recipe(config, "_train")
        if recipe(config.recipe).teachers:
            raise UserError(f"--recipe={config.recipe} needs a teacher; use --mode=distill --teacher=qanet.")
    config = replace(config, teacher="")
    prepared = open_data(config, log)
    run = ensure_run(config, prepared, _path(run_dir), log=log)
    _report(run, prepared, "test", [])


def distill_mode(config: Config, run_dir: Optional[str], teacher_run: Optional[str], log: Log) -> None:
    """A teacher (trained first if there is none), a student alone, and a student distilled, side by side."""
    if not config.teacher and teacher_run is None:
        raise UserError("--mode=distill needs --teacher=bidaf or --teacher=qanet.")
    config = with_recipe(replace(config, model="sam"), "")
    if not recipe(config.recipe).teachers:
        raise UserError(f"--recipe={config.recipe} has no teacher; use --mode=train.")
    prepared = open_data(config, log)
    teacher = _teacher(config, prepared, teacher_run, log)
    config = replace(config, teacher=teacher.config().model)
    rows = []
    if config.distill.compare_alone:
        log("== student without a teacher, for comparison")
        alone_recipe = f"{config.sam.interaction}_train"
        alone = ensure_run(replace(config, recipe=alone_recipe, teacher=""), prepared, log=log)
        ensure_scores(alone, prepared, "test")
        rows.append(run_row(alone, "SAM alone", "test"))
    log(f"== student distilled from {config.teacher}")
    student = ensure_run(config, prepared, _path(run_dir), teacher, log)
    runs = {"distilled": student, config.teacher: teacher}
    for run in runs.values():
        ensure_scores(run, prepared, "test")
    rows.append(run_row(student, f"SAM from {config.teacher}", "test"))
    rows.append(run_row(teacher, f"{config.teacher} (teacher)", "test"))
    if config.distill.compare_alone:
        runs = {"alone": alone, **runs}
    pictures = draw_pictures(runs, student.path / "figures", prepared)
    print_table(
        scores_table([*baseline_rows(prepared, "test", config.seed, log), *rows]),
        f"test, {config.data.setup}",
    )
    print("student:     ", student.path)
    print("pictures:    ", ", ".join(str(picture) for picture in pictures))
    print("curves:      ", f"tensorboard --logdir {student.path.parent}")
    print("try it:      ", f"python -m holle_tf.main --mode=predict --run_dir={student.path}")
    print(json.dumps({"student": str(student.path), "teacher": str(teacher.path), "scores": rows}))


def evaluate_mode(config: Config, run_dir: Optional[str], split: str, log: Log) -> None:
    """A finished run on a split of the data that it was trained on, beside the baselines."""
    run = _run(run_dir, config)
    prepared = open_data(_same_data(config, run.config()), log)
    _report(run, prepared, split, baseline_rows(prepared, split, run.config().seed, log))


def baselines_mode(config: Config, split: str, log: Log) -> None:
    """The baselines beside every finished run on the same data."""
    prepared = open_data(config, log)
    rows = baseline_rows(prepared, split, config.seed, log)
    for path in sorted((Path(config.runs_dir) / prepared.folder.name).glob("*/result.json")):
        run = RunFolder(path.parent)
        ensure_scores(run, prepared, split)
        rows.append(run_row(run, run.path.name, split))
    print_table(scores_table(rows), f"{split}, {config.data.setup}")
    print(json.dumps(rows))


def benchmark_mode(config: Config, setups: Sequence[str], log: Log) -> None:
    """Memory and time of every model, as in the paper's tables 1 and 5."""
    report = run_benchmark(config, setups, log)
    print_table(inference_table(report["inference"]), "inference on the test split (table 1)")
    print_table(training_table(report["training"]), f"training, {setups[0]} (table 5)")
    print(json.dumps(report))


def predict_mode(config: Config, run_dir: Optional[str], chat: Optional[str], log: Log) -> None:
    """A run on one chat of a JSON file, or asked interactively about a document of its test split."""
    run = _run(run_dir, config)
    log(f"using {run.path}")
    if chat:
        print(json.dumps(predict_file(run, chat)))
        return
    prepared = open_data(_same_data(config, run.config()), log)
    chat_interactively(run, read_examples(prepared, "test")[0])


def _report(run: RunFolder, prepared: PreparedData, split: str, rows: list[dict[str, Any]]) -> None:
    scores = evaluate_run(run, prepared, split)
    config = run.config()
    print_table(
        scores_table([*rows, run_row(run, config.recipe or config.model, split)]),
        f"{split}, {config.data.setup}",
    )
    print("run:", run.path)
    print(json.dumps({"run": str(run.path), "split": split, **scores}))


def _teacher(config: Config, prepared: PreparedData, teacher_run: Optional[str], log: Log) -> RunFolder:
    if teacher_run is not None:
        run = RunFolder(Path(teacher_run))
        if run.result() is None:
            raise UserError(f"--teacher_run={teacher_run}: no finished run is here.")
        check_same_data(run, prepared)
        return run
    found = find_teacher(config, prepared)
    if found is not None:
        log(f"== teacher: {found.path}, trained before on this data")
        return found
    log(f"== teacher: no {config.teacher} of this configuration for this data yet, training it first")
    return ensure_run(replace(config, model=config.teacher, recipe="", teacher=""), prepared, log=log)


def _run(run_dir: Optional[str], config: Config) -> RunFolder:
    run = RunFolder(Path(run_dir)) if run_dir else newest_student(Path(config.runs_dir))
    run.config()  # says so if no run is there
    return run


def _same_data(config: Config, trained: Config) -> Config:
    """The run's own data, found where the command line says if it says so."""
    chosen = {name: getattr(config, name) for name in ("data_dir", "glove") if getattr(config, name)}
    return replace(trained, runs_dir=config.runs_dir, **chosen)


def _path(text: Optional[str]) -> Optional[Path]:
    return Path(text) if text else None
