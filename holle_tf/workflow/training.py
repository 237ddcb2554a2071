"""Train one model into a run folder, or find that it is there already."""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import tensorflow as tf

from holle_tf.config import Config, to_dict
from holle_tf.distill.distiller import Distiller, Teacher, cached_teacher, online_teacher
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES, resolve_precision
from holle_tf.distill.recipes import recipe
from holle_tf.distill.teacher_cache import ensure_teacher_cache, read_teacher_cache
from holle_tf.distill.terms import TERMS, default_top_k, needs
from holle_tf.models import MODELS, trainable_parameters
from holle_tf.models.layers.bidirectional import recurrent_implementation
from holle_tf.workflow.callbacks import DevEvaluation
from holle_tf.workflow.memory import peak_memory_mb, reset_peak_memory
from holle_tf.workflow.progress import TrainingProgress
from holle_tf.workflow.reading import Reading
from holle_tf.workflow.run_folder import RunFolder, build_model, versions
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.prepare import PreparedData

PROFILED = (20, 29)  # steps of a trace: the first ones trace and compile

Log = Callable[[str], None]


def run_identity(config: Config, prepared: PreparedData, teachers: Sequence[RunFolder]) -> dict[str, Any]:
    """What decides the outcome of a run: data, model, training, seed, and the identities of its teachers."""
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
    terms = run_terms(config)
    if teachers or set(terms) != {"labels"}:
        options = {option for name in terms for option in TERMS[name].options}
        sections["distill"] = {option: getattr(config.distill, option) for option in sorted(options)}
    if teachers:
        identities = [teacher.identity() for teacher in teachers]
        for teacher in teachers:
            sections["distill"].update(Reading(teacher, prepared, config).chunks or {})
        sections["teacher"] = identities[0] if len(identities) == 1 else identities
    return sections


def run_terms(config: Config) -> tuple[str, ...]:
    """Names of the terms that a run minimises: those of its recipe, and what is switched on beside them."""
    if config.model != "sam":
        return ("labels",)
    chosen = recipe(config.recipe)
    extra = ["conicity"] if config.distill.conicity_weight else []
    # A run on the labels alone stands beside a distilled one for comparison: it has no teacher to match.
    extra += ["matching"] if config.distill.matching_weight and chosen.teachers else []
    return (*chosen.terms, *extra)


def default_run_path(config: Config, prepared: PreparedData, teachers: Sequence[RunFolder]) -> Path:
    """``runs/<data>/<model>-...``; ends in a hash, so that different runs never meet."""
    identity = json.dumps(run_identity(config, prepared, teachers), sort_keys=True)
    parts = ["sam", config.recipe.replace("_", "-")] if config.model == "sam" else [config.model]
    parts += config.teachers if teachers else []
    parts += [f"seed{config.seed}", hashlib.sha256(identity.encode()).hexdigest()[:8]]
    return Path(config.runs_dir) / prepared.folder.name / "-".join(parts)


def find_teacher(config: Config, prepared: PreparedData, kind: str) -> Optional[RunFolder]:
    """A finished run of the model ``kind`` on this data with this configuration, of any seed."""
    wanted = run_identity(replace(config, model=kind), prepared, [])
    folder = Path(config.runs_dir) / prepared.folder.name
    for path in sorted(folder.glob(f"{kind}-*/result.json")):
        run = RunFolder(path.parent)
        if {**(run.identity() or {}), "seed": config.seed} == wanted:
            return run
    return None


def ensure_run(
    config: Config,
    prepared: PreparedData,
    path: Optional[Path] = None,
    teachers: Sequence[RunFolder] = (),
    log: Log = print,
) -> RunFolder:
    """The finished run of this configuration: found, continued after an interruption, or trained.

    Args:
        config: resolved; ``model`` and, for a SAM, ``recipe`` say what is trained.
        path: the run folder; by default ``default_run_path``.
        teachers: finished runs, where the recipe needs them.

    Raises:
        UserError: ``path`` holds another run, or training diverged.
    """
    run = RunFolder(path or default_run_path(config, prepared, teachers))
    identity = run_identity(config, prepared, teachers)
    if run.identity() == identity and run.result() is not None:
        log(f"{run.path.name}: already trained, {run.path}")
        return run
    run.create(config, prepared, identity)
    _train(config, prepared, run, teachers, log)
    return run


def _train(
    config: Config, prepared: PreparedData, run: RunFolder, teacher_runs: Sequence[RunFolder], log: Log
) -> None:
    training = config.training_of(config.model)
    tf.keras.backend.clear_session()
    reset_peak_memory()
    terms = run_terms(config)
    teachers, extra, inputs = _read_teachers(config, prepared, teacher_runs, log)
    tf.keras.utils.set_random_seed(config.seed)  # a student starts from one point, whatever its teachers

    precision = resolve_precision(training.mixed_precision, config.model)
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    recurrent = "keras" if training.jit else training.recurrence  # XLA cannot compile ours
    try:
        with recurrent_implementation(recurrent):
            student = build_model(config, prepared.embeddings, len(prepared.chars))
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    distiller = Distiller(
        student,
        terms,
        teachers,
        replace(config.distill, top_k=config.distill.top_k or default_top_k(config.data.setup)),
        seed=config.seed,
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
    if "hallucinated" in needs(terms):
        batches = with_hallucinations(batches, config.distill.hallucinated_share, config.seed)
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
            "teacher": config.teacher if teachers else None,
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


def _read_teachers(
    config: Config, prepared: PreparedData, runs: Sequence[RunFolder], log: Log
) -> tuple[list[Teacher], Optional[tf.data.Dataset], list[str]]:
    """The teachers, their cached scores to join to the examples, and all inputs that are read."""
    inputs = set(MODELS[config.model].inputs)
    if not runs:
        return [], None, sorted(inputs)
    teachers, caches = [], []
    wanted = needs(run_terms(config))
    for i, run in enumerate(runs):
        reading = Reading(run, prepared, config)
        model = reading.load_model()
        if "reader" in wanted or not config.distill.cache_teacher:
            inputs.update(model.input)
        if not config.distill.cache_teacher:
            teachers.append(online_teacher(model))
            continue
        size = config.evaluation.batch_size
        folder = ensure_teacher_cache(model, run.weights, prepared, "train", size, log, reading.chunks)
        caches.append(read_teacher_cache(folder, f"teacher_{i}"))
        teachers.append(cached_teacher(f"teacher_{i}", model if "reader" in wanted else None))
    if "projection" in wanted and not all(teacher.vector_size for teacher in teachers):
        raise UserError(
            "distill.matching_weight needs teachers with a vector to match: --teacher=bidaf, short documents."
        )
    if not caches:
        return teachers, None, sorted(inputs)
    joined = tf.data.Dataset.zip(tuple(caches)).map(
        lambda *each: {k: v for one in each for k, v in one.items()}
    )
    return teachers, joined, sorted(inputs)
