"""Train one model into a run folder, or find that it is there already."""

from __future__ import annotations

import hashlib
import json
import shutil
import statistics
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import tensorflow as tf

from holle_tf.board.callback import Board
from holle_tf.board.examples import choose_examples
from holle_tf.board.hparams import hyperparameters
from holle_tf.config import Config, to_dict
from holle_tf.distill.config import DistillConfig
from holle_tf.distill.distiller import Distiller
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES, resolve_precision
from holle_tf.distill.recipes import recipe
from holle_tf.distill.terms import TERMS, check_cached_positions, default_top_k, needs
from holle_tf.models import MODELS, trainable_parameters
from holle_tf.models.layers.bidirectional import recurrent_implementation
from holle_tf.workflow.callbacks import DevEvaluation
from holle_tf.workflow.devices import ONE, Devices, Following
from holle_tf.workflow.memory import peak_memory_mb, reset_peak_memory
from holle_tf.workflow.progress import TrainingProgress
from holle_tf.workflow.reading import Reading
from holle_tf.workflow.run_folder import RunFolder, build_model, versions
from holle_tf.workflow.teachers import read_teachers
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.prepare import PreparedData

PROFILED = (20, 29)  # steps of a trace: the first ones trace and compile

Log = Callable[[str], None]


def run_identity(config: Config, prepared: PreparedData, teachers: Sequence[RunFolder]) -> dict[str, Any]:
    """What decides the outcome of a run: data, model, training, seed, and the identities of its teachers."""
    training = to_dict(config.training_of(config.model))
    if training["recurrence"] == "auto":  # so that runs from before there was a choice are still known
        del training["recurrence"]
    sections: dict[str, Any] = {
        "model": config.model,
        config.model: to_dict(getattr(config, config.model)),
        "training": training,
        "seed": config.seed,
        "data": prepared.fingerprint,
        "max_span": config.evaluation.max_span,
    }
    terms = run_terms(config)
    if config.model == "sam":
        sections["recipe"] = config.recipe
        if config.recipe in config.recipes:  # another definition under the same name is another run
            sections["terms"] = list(terms)
    weighted = config.model == "sam" and config.distill.labels_weight != DistillConfig.labels_weight
    if teachers or set(terms) != {"labels"} or weighted:
        sections["distill"] = run_options(config, terms)
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
    chosen = recipe(config.recipe, config.recipes)
    extra = ["conicity"] if config.distill.conicity_weight else []
    # A run on the labels alone stands beside a distilled one for comparison: it has no teacher to match.
    extra += ["matching"] if config.distill.matching_weight and chosen.teachers else []
    return tuple(dict.fromkeys([*chosen.terms, *extra]))


def run_options(config: Config, terms: Sequence[str]) -> dict[str, Any]:
    """The options that change any of these terms, by name."""
    options = {option for name in terms for option in TERMS[name].options}
    return {option: getattr(config.distill, option) for option in sorted(options)}


def distill_options(config: Config) -> DistillConfig:
    """The options of the terms, with the paper's k where none is given.

    Raises:
        UserError: the teacher's cache is to keep fewer positions than the terms look at, the recipe has
            a term that is off, or one that cannot be compiled is to be.
    """
    options = config.distill
    options = replace(options, top_k=options.top_k or default_top_k(config.data.setup))
    if config.model != "sam":  # weights are those of students
        return replace(options, labels_weight=DistillConfig.labels_weight)
    for name in run_terms(config):
        weight = TERMS[name].weight
        if not getattr(options, weight) and not getattr(DistillConfig, weight):
            raise UserError(
                f"--recipe={config.recipe}: its term {name!r} is off;"
                f" switch it on by --set distill.{weight}=1."
            )
    if options.gradient_share < 1 and "gradient" in run_terms(config) and config.training_of("sam").jit:
        raise UserError(
            f"distill.gradient_share={options.gradient_share}: XLA cannot compile a choice of rows;"
            " set it to 1, or training.sam.jit=false."
        )
    check_cached_positions(run_terms(config), options)
    return options


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
    callbacks: Sequence[tf.keras.callbacks.Callback] = (),
    keep_checkpoint: bool = False,
    devices: Devices = ONE,
) -> RunFolder:
    """The finished run of this configuration: found, continued after an interruption, or trained.

    Args:
        config: resolved; ``model`` and, for a SAM, ``recipe`` say what is trained.
        path: the run folder; by default ``default_run_path``.
        teachers: finished runs, where the recipe needs them.
        callbacks: further ones of the training, called after those that every training has.
        keep_checkpoint: keep the last state in ``RunFolder.resume``, for a longer training to go on from.
        devices: started; all of their processes call this, and the chief writes.

    Raises:
        UserError: ``path`` holds another run, training diverged, or the devices cannot share the batch.
        PeerLost: another process ended; the same call in new processes goes on.
    """
    run = RunFolder(path or default_run_path(config, prepared, teachers))
    identity = run_identity(config, prepared, teachers)
    if run.identity() == identity and run.result() is not None:
        log(f"{run.path.name}: already trained, {run.path}")
        return run
    devices.check(config.training_of(config.model), f"training.{config.model}")
    run.check(identity)  # by all: who fails alone keeps the others waiting
    if devices.chief:
        run.create(config, prepared, identity)
    with devices.noticing():
        _train(config, prepared, run, teachers, log, callbacks, devices)
        devices.together()
    if devices.chief and not keep_checkpoint:
        shutil.rmtree(run.resume, ignore_errors=True)
    devices.wait_for(run.result, f"{run.path / 'result.json'}, which the chief wrote,", log)
    return run


def cache_teachers(config: Config, prepared: PreparedData, runs: Sequence[RunFolder], log: Log) -> None:
    """Compute now what students of ``config`` will read of their teachers, unless it is there."""
    read_teachers(config, prepared, runs, run_terms(config), [], log)


def _train(
    config: Config,
    prepared: PreparedData,
    run: RunFolder,
    teacher_runs: Sequence[RunFolder],
    log: Log,
    callbacks: Sequence[tf.keras.callbacks.Callback],
    devices: Devices,
) -> None:
    training = config.training_of(config.model)
    tf.keras.backend.clear_session()
    reset_peak_memory()
    terms, options = run_terms(config), distill_options(config)
    written = config.board.enabled and devices.chief
    shown = choose_examples(prepared, config.board.examples) if written else []
    with devices.scope():
        teaching = read_teachers(config, prepared, teacher_runs, terms, shown, log, devices.readers())
    tf.keras.utils.set_random_seed(config.seed)  # a student starts from one point, whatever its teachers

    precision = resolve_precision(training.mixed_precision, config.model)
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    recurrent = "keras" if training.jit else training.recurrence  # XLA cannot compile ours
    steps = -(-prepared.count("train") // training.batch_size)
    with devices.scope():
        try:
            with recurrent_implementation(recurrent):
                student = build_model(config, prepared.embeddings, len(prepared.chars))
        finally:
            tf.keras.mixed_precision.set_global_policy("float32")
        distiller = Distiller(
            student,
            terms,
            teaching.teachers,
            options,
            seed=config.seed,
            l2=training.l2,
            ema_decay=training.ema_decay,
            clip_norm=training.clip_norm,
            jit=training.jit,
        )
        distiller.compile(optimizer=make_optimizer(training, steps * training.epochs))
        distiller.optimizer.build(distiller.trained)  # the first step would, and be compiled again for it

    def train_batches(**how: Any) -> tf.data.Dataset:
        size, scores = training.batch_size, teaching.scores
        batches = make_dataset(
            prepared, "train", inputs=teaching.inputs, batch_size=size, extra=scores, **how
        )
        if "hallucinated" in needs(terms):
            batches = with_hallucinations(batches, config.distill.hallucinated_share, config.seed)
        return batches

    parameters = trainable_parameters(student)
    log(f"{run.path.name}: {parameters:,} parameters, {prepared.count('train'):,} examples, "
        f"at most {training.epochs} epochs, mixed precision: {precision}")  # fmt: skip

    def dev_batches() -> tf.data.Dataset:
        size = config.evaluation.batch_size
        return make_dataset(prepared, "dev", inputs=MODELS[config.model].inputs, batch_size=size, texts=True)

    evaluation = DevEvaluation(
        run, dev_batches, prepared.count("dev"), config.evaluation.max_span, training.patience, log
    )
    listening = [evaluation, TrainingProgress(run.path.name, steps, training.epochs)] if devices.chief else []
    with ExitStack() as closed_after:
        if written:
            board = Board(
                run.tensorboard,
                config.board,
                hyperparameters(config, run_options(config, terms)),
                next(iter(train_batches(limit=training.batch_size))),
                shown,
                teaching.views,
                config.evaluation.max_span,
                lambda: evaluation.latest,
            )
            listening.append(closed_after.enter_context(board))
        if config.profile and devices.chief:
            listening.append(
                tf.keras.callbacks.TensorBoard(run.tensorboard, write_graph=False, profile_batch=PROFILED)
            )
        listening.append(tf.keras.callbacks.BackupAndRestore(str(run.resume), delete_checkpoint=False))
        listening += callbacks

        def shuffled() -> tf.data.Dataset:
            return train_batches(shuffle=True, seed=config.seed, static_shapes=training.jit)

        if devices.strategy is None:
            distiller.fit(shuffled(), epochs=training.epochs, verbose=0, callbacks=listening)
        else:
            batches, onwards = devices.distribute(shuffled, steps)
            listening += [onwards, Following(devices)]
            # Rows of different processes are not to share what dropout draws.
            tf.random.set_seed(config.seed + devices.cluster.index)
            distiller.fit(
                batches, steps_per_epoch=steps, epochs=training.epochs, verbose=0, callbacks=listening
            )
    lines = run.epochs()
    if not lines:
        raise UserError(
            f"{run.path}: training diverged in its first epoch; lower training.{config.model}.learning_rate."
        )
    if not devices.chief:
        return
    run.write_result(
        {
            "model": config.model,
            "interaction": config.sam.interaction if config.model == "sam" else None,
            "recipe": config.recipe if config.model == "sam" else "train",
            "teacher": config.teacher if teacher_runs else None,
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
