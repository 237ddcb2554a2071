"""Train one model into a run folder, or find that it is there already."""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import tensorflow as tf

from holle_tf.config import Config, to_dict
from holle_tf.distill.distiller import Distiller, Teacher, cached_teacher, online_teacher
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES, resolve_precision
from holle_tf.distill.recipes import recipe
from holle_tf.distill.teacher_cache import ensure_teacher_cache, read_teacher_cache
from holle_tf.models import MODELS, trainable_parameters
from holle_tf.models.layers.bidirectional import recurrent_implementation
from holle_tf.workflow.callbacks import DevEvaluation
from holle_tf.workflow.memory import peak_memory_mb, reset_peak_memory
from holle_tf.workflow.progress import TrainingProgress
from holle_tf.workflow.run_folder import RunFolder, build_model, versions
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.prepare import PreparedData

PROFILED = (20, 29)  # steps of a trace: the first ones trace and compile

Log = Callable[[str], None]


def run_identity(config: Config, prepared: PreparedData, teacher: Optional[RunFolder]) -> dict[str, Any]:
    """What decides the outcome of a run: data, model, its training, seed, and the teacher's own identity."""
    sections: dict[str, Any] = {
        "model": config.model,
        config.model: to_dict(getattr(config, config.model)),
        "training": to_dict(config.training_of(config.model)),
        "seed": config.seed,
        "data": prepared.fingerprint,
        "max_span": config.evaluation.max_span,
    }
    if config.model == "sam":
        sections["recipe"] = config.recipe
    if teacher is not None:
        sections["distill"] = to_dict(config.distill)
        for option in ("cache_teacher", "compare_alone"):  # change the way, not the result
            sections["distill"].pop(option)
        sections["teacher"] = teacher.identity()
    return sections


def default_run_path(config: Config, prepared: PreparedData, teacher: Optional[RunFolder]) -> Path:
    """``runs/<data>/<model>-...``; ends in a hash, so that different runs never meet."""
    identity = json.dumps(run_identity(config, prepared, teacher), sort_keys=True)
    parts = ["sam", config.recipe.replace("_", "-")] if config.model == "sam" else [config.model]
    if teacher is not None:
        parts.append(config.teacher)
    parts += [f"seed{config.seed}", hashlib.sha256(identity.encode()).hexdigest()[:8]]
    return Path(config.runs_dir) / prepared.folder.name / "-".join(parts)


def find_teacher(config: Config, prepared: PreparedData) -> Optional[RunFolder]:
    """A finished run of ``config.teacher`` on this data with this configuration, of any seed."""
    wanted = run_identity(replace(config, model=config.teacher), prepared, None)
    folder = Path(config.runs_dir) / prepared.folder.name
    for path in sorted(folder.glob(f"{config.teacher}-*/result.json")):
        run = RunFolder(path.parent)
        if {**(run.identity() or {}), "seed": config.seed} == wanted:
            return run
    return None


def ensure_run(
    config: Config,
    prepared: PreparedData,
    path: Optional[Path] = None,
    teacher: Optional[RunFolder] = None,
    log: Log = print,
) -> RunFolder:
    """The finished run of this configuration: found, continued after an interruption, or trained.

    Args:
        config: resolved; ``model`` and, for a SAM, ``recipe`` say what is trained.
        path: the run folder; by default ``default_run_path``.
        teacher: a finished run, where the recipe needs one.

    Raises:
        UserError: ``path`` holds another run, or training diverged.
    """
    run = RunFolder(path or default_run_path(config, prepared, teacher))
    identity = run_identity(config, prepared, teacher)
    if run.identity() == identity and run.result() is not None:
        log(f"{run.path.name}: already trained, {run.path}")
        return run
    run.create(config, prepared, identity)
    _train(config, prepared, run, teacher, log)
    return run


def _train(
    config: Config, prepared: PreparedData, run: RunFolder, teacher: Optional[RunFolder], log: Log
) -> None:
    training = config.training_of(config.model)
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(config.seed)
    reset_peak_memory()
    student_recipe = recipe(config.recipe) if config.model == "sam" else None
    inputs = list(MODELS[config.model].inputs)
    teachers: list[Teacher] = []
    extra = None
    if teacher is not None and config.distill.cache_teacher:
        extra = _cached(teacher, prepared, config, log)
        teachers = [cached_teacher(config.teacher)]
    elif teacher is not None:
        teachers = [online_teacher(teacher.load_model())]
        inputs = sorted({*inputs, *MODELS[config.teacher].inputs})

    precision = resolve_precision(training.mixed_precision, config.model)
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    recurrent = "keras" if training.jit else "auto"  # XLA cannot compile ours
    try:
        with recurrent_implementation(recurrent):
            student = build_model(config, prepared.embeddings, len(prepared.chars))
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    weights = {"labels": config.distill.labels_weight, "teacher": config.distill.teacher_weight}
    terms = (
        {name: weights[name] for name in student_recipe.terms}
        if teacher and student_recipe
        else {"labels": 1.0}
    )
    distiller = Distiller(
        student,
        terms,
        teachers,
        temperature=config.distill.temperature,
        l2=training.l2,
        ema_decay=training.ema_decay,
        clip_norm=training.clip_norm,
        jit=training.jit,
    )
    batches = make_dataset(
        prepared,
        "train",
        inputs=inputs,
        batch_size=training.batch_size,
        shuffle=True,
        seed=config.seed,
        extra=extra,
        static_shapes=training.jit,
    )
    steps = -(-prepared.count("train") // training.batch_size)
    distiller.compile(optimizer=make_optimizer(training, steps * training.epochs))
    parameters = trainable_parameters(student)
    log(f"{run.path.name}: {parameters:,} parameters, {prepared.count('train'):,} examples, "
        f"at most {training.epochs} epochs, mixed precision: {precision}")  # fmt: skip

    def dev_batches() -> tf.data.Dataset:
        size = config.evaluation.batch_size
        return make_dataset(prepared, "dev", inputs=MODELS[config.model].inputs, batch_size=size, texts=True)

    evaluation = DevEvaluation(
        run, dev_batches, prepared.count("dev"), config.evaluation.max_span, training.patience, log
    )
    resume = run.path / "checkpoints" / "resume"
    distiller.fit(
        batches,
        epochs=training.epochs,
        verbose=0,
        callbacks=[
            evaluation,
            TrainingProgress(run.path.name, steps, training.epochs),
            tf.keras.callbacks.TensorBoard(
                run.path / "tensorboard", write_graph=False, profile_batch=PROFILED if config.profile else 0
            ),
            tf.keras.callbacks.BackupAndRestore(resume, delete_checkpoint=False),
        ],
    )
    lines = run.epochs()
    if not lines:
        raise UserError(
            f"{run.path}: training diverged in its first epoch; lower training.{config.model}.learning_rate."
        )
    run.write_result(
        {
            "model": config.model,
            "interaction": config.sam.interaction if config.model == "sam" else None,
            "recipe": config.recipe if config.model == "sam" else "train",
            "teacher": config.teacher if teacher is not None else None,
            "setup": config.data.setup,
            "scores": {},
            "parameters": parameters,
            "epochs": len(lines),
            "best_epoch": max(lines, key=lambda line: line["val_f1"])["epoch"] + 1,
            "seconds_per_epoch": statistics.median(line["seconds"] for line in lines),
            "precision": precision,
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "seed": config.seed,
            "versions": versions(),
        }
    )
    shutil.rmtree(resume, ignore_errors=True)


def _cached(teacher: RunFolder, prepared: PreparedData, config: Config, log: Log) -> tf.data.Dataset:
    size = config.evaluation.batch_size
    folder = ensure_teacher_cache(teacher.load_model(), teacher.weights, prepared, "train", size, log)
    return read_teacher_cache(folder, config.teacher)
