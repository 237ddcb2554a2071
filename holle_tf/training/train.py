"""Train one model into a run folder, or find that it is trained already."""

from __future__ import annotations

import logging
import shutil
import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Optional, Sequence

import tensorflow as tf

from holle_tf.board.callback import Board
from holle_tf.board.example_views import choose_examples
from holle_tf.board.hparams import hyperparameters
from holle_tf.catalogue import MODELS, is_student
from holle_tf.config import Config
from holle_tf.distill.distiller import Distiller
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import resolve_precision
from holle_tf.distill.terms import needs
from holle_tf.models.parameters import trainable_parameters
from holle_tf.runs.identity import default_run_path, distill_options, run_identity, run_options, run_terms
from holle_tf.runs.longer_training import copy_state, shorter_runs
from holle_tf.runs.null_threshold import NULL_THRESHOLD
from holle_tf.runs.pool import open_pool
from holle_tf.runs.run_folder import RunFolder, TeacherSource, versions, write_text
from holle_tf.system.data_order import ResumeDataOrder
from holle_tf.system.devices import SINGLE_DEVICE, Devices, StopTogether
from holle_tf.system.memory import peak_memory_mb, reset_peak_memory
from holle_tf.training.dev_evaluation import DevEvaluation
from holle_tf.training.early_stopping import best_line, out_of_patience
from holle_tf.training.folds import taken_examples
from holle_tf.training.progress_bar import TrainingProgress
from holle_tf.training.resuming import Resume, without_wildcards
from holle_tf.training.setup import steps_of_epoch, untrained_model
from holle_tf.training.teachers import read_teachers
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.files import exclusive_access
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)

PROFILED = (20, 29)  # first and last step in a trace; earlier steps trace and compile


def ensure_run(
    config: Config,
    prepared: PreparedData,
    path: Optional[Path] = None,
    teachers: Sequence[TeacherSource] = (),
    callbacks: Sequence[tf.keras.callbacks.Callback] = (),
    keep_checkpoint: bool = False,
    devices: Devices = SINGLE_DEVICE,
) -> RunFolder:
    """The finished run of this configuration: found, continued after an interruption, or trained.

    Only one process at a time trains a run. Another one that needs it waits, then finds it or resumes it.
    A training goes on from a shorter one that kept its state (``training.MODEL.keep_state``): the run in
    ``path``, or, without a ``path``, any finished run beside the default one, which stays as it is.

    Args:
        config: resolved; ``model`` and, for a student, ``recipe`` say what is trained.
        path: the run folder; by default ``default_run_path``.
        teachers: finished runs or files of scores, where the recipe needs them.
        callbacks: further Keras callbacks, called after those of every training.
        keep_checkpoint: keep the last state in ``RunFolder.resume``, as ``keep_state`` does.
        devices: the devices, started. All their processes call this; the chief writes the files.

    Raises:
        UserError: ``path`` holds another run, or a student that learned from other weights of its teachers;
            training diverged; or the devices cannot share the batch.
        PeerLost: another process ended; the same call in new processes resumes the training.
    """
    run = RunFolder(path or default_run_path(config, prepared, teachers))
    identity = run_identity(config, prepared, teachers)
    if path is None and len(devices.cluster.addresses) <= 1:  # others would not see the copy in time
        _go_on_from_shorter(run, identity, teachers)
    run.check(identity, teachers)  # in every process: if only one failed, the others would wait for it
    if _trained(run, identity):
        return run
    devices.check(config.training_of(config.model), f"training.{config.model}")
    with ExitStack() as lock:
        if devices.chief:
            run.create(config, prepared, identity, teachers)
            waiting = f"{run.path.name}: another process trains this run; waiting for it ({run.path})"
            lock.enter_context(exclusive_access(run.path, lambda: logger.info(waiting)))
            if _trained(run, identity):
                return run
        with devices.detecting_lost_peers():
            result = _train(config, prepared, run, teachers, callbacks, devices)
            devices.barrier()
        # After the barrier: the others go on as soon as they see the result, and a process that ended while
        # the chief still waited at the barrier would count as lost.
        if devices.chief:
            run.finish(result)
        if devices.chief and not (keep_checkpoint or config.training_of(config.model).keep_state):
            shutil.rmtree(run.resume, ignore_errors=True)
    devices.wait_for(run.result, f"the chief's {run.path / 'result.json'}")
    return run


def _go_on_from_shorter(run: RunFolder, identity: dict[str, Any], teachers: Sequence[TeacherSource]) -> None:
    """Begin a run that does not exist with the state of a shorter one, if there is any that kept it."""
    known = [] if run.path.exists() else shorter_runs(run.path.parent, identity)
    shorter = next((path for path in known if RunFolder(path).learned_from(teachers)), None)
    if shorter is None:
        return
    with exclusive_access(shorter, lambda: None):
        if not run.path.exists():  # nor has another process copied it meanwhile
            logger.info(f"{run.path.name}: goes on where {shorter} ended")
            copy_state(shorter, run.path, identity)


def _trained(run: RunFolder, identity: dict[str, Any]) -> bool:
    if run.identity() != identity or run.result() is None:
        return False
    logger.info(f"{run.path.name}: already trained, {run.path} (remove it to train it again)")
    return True


def cache_teachers(config: Config, prepared: PreparedData, runs: Sequence[TeacherSource]) -> None:
    """Compute the teachers' scores that students of ``config`` will read, unless they are cached already."""
    terms = run_terms(config)
    read_teachers(config, prepared, runs, terms, [], pool=open_pool(config, prepared, terms))


def _train(
    config: Config,
    prepared: PreparedData,
    run: RunFolder,
    teacher_runs: Sequence[TeacherSource],
    callbacks: Sequence[tf.keras.callbacks.Callback],
    devices: Devices,
) -> dict[str, Any]:
    """Train the model; returns the content of ``result.json``."""
    training = config.training_of(config.model)
    tf.keras.backend.clear_session()
    reset_peak_memory()
    terms, options = run_terms(config), distill_options(config)
    writes_board = config.board.enabled and devices.chief
    shown = choose_examples(prepared, config.board.examples) if writes_board else []
    pool = open_pool(config, prepared, terms)
    with devices.scope():
        teaching = read_teachers(config, prepared, teacher_runs, terms, shown, devices.readers(), pool)
    tf.keras.utils.set_random_seed(config.seed)  # the same initial weights whatever the teachers

    precision = resolve_precision(training.mixed_precision, config.model)
    # Only teachers are trained without a fold, and only students lack the scores of some examples.
    taken = taken_examples(config, prepared) if teaching.scored is None else teaching.scored
    of_all = prepared.count("train") + (0 if pool is None else pool.examples)
    examples = of_all if taken is None else int(taken.sum())
    steps = steps_of_epoch(examples, training)
    with devices.scope():
        student = untrained_model(config, prepared)
        distiller = Distiller(
            student,
            terms,
            teaching.teachers,
            options,
            seed=config.seed,
            l2=training.l2,
            ema_decay=training.ema_decay,
            clip_norm=training.clip_norm,
            pool=pool is not None,
            null=prepared.config.has_null,
            jit=training.jit,
        )
        distiller.compile(optimizer=make_optimizer(training, steps * training.epochs))
        distiller.optimizer.build(distiller.trained)  # else the first step would, and be compiled twice

    def train_batches(**how: Any) -> tf.data.Dataset:
        size, scores = training.batch_size, teaching.scores
        batches = make_dataset(
            prepared,
            "train",
            inputs=teaching.inputs,
            batch_size=size,
            extra=scores,
            pool=pool,
            taken=taken,
            **how,
        )
        if "hallucinated" in needs(terms):
            share = config.distill.hallucinated_share
            batches = with_hallucinations(batches, share, config.seed, prepared.config.has_null)
        return batches

    parameters = trainable_parameters(student)
    of_pool = "" if pool is None else f" ({pool.examples:,} of them of the pool, without labels)"
    logger.info(f"{run.path.name}: {parameters:,} parameters, {examples:,} examples{of_pool}, "
        f"at most {training.epochs} epochs, mixed precision: {precision}")  # fmt: skip

    size, inputs = config.evaluation.batch_size, config.inputs_of(config.model)
    dev_batches = make_dataset(prepared, "dev", inputs=inputs, batch_size=size, texts=True)
    evaluation = DevEvaluation(
        run,
        dev_batches,
        prepared.count("dev"),
        config.evaluation.max_span,
        training.patience,
        MODELS[config.model].conicity,
        training.best_by,
        prepared.config.has_null,
    )
    with ExitStack() as closed_after:
        # Directly after the evaluation, which saves the best weights: if training is interrupted between the
        # two, the epoch is trained again although its weights are saved.
        resume = closed_after.enter_context(without_wildcards(run.resume))
        all_callbacks: list[tf.keras.callbacks.Callback] = [Resume(resume, run.path)]
        if devices.chief:
            progress = TrainingProgress(run.path.name, steps, training.epochs)
            all_callbacks = [evaluation, *all_callbacks, progress]
        if writes_board:
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
            all_callbacks.append(closed_after.enter_context(board))
        if config.profile and devices.chief:
            all_callbacks.append(
                tf.keras.callbacks.TensorBoard(run.tensorboard, write_graph=False, profile_batch=PROFILED)
            )
        all_callbacks += callbacks

        def shuffled() -> tf.data.Dataset:
            return train_batches(shuffle=True, seed=config.seed, static_shapes=training.jit)

        if out_of_patience(run.epochs(), training.patience, training.best_by):
            pass  # training stopped early, and was interrupted before it wrote the result
        elif devices.strategy is None:
            batches = shuffled()
            all_callbacks.append(ResumeDataOrder([batches], steps))
            distiller.fit(batches, epochs=training.epochs, verbose=0, callbacks=all_callbacks)
        else:
            batches, data_order = devices.distribute(shuffled, steps)
            all_callbacks += [data_order, StopTogether(devices)]
            # Dropout draws other numbers in each process, so that no two rows share theirs.
            tf.random.set_seed(config.seed + devices.cluster.index)
            distiller.fit(
                batches, steps_per_epoch=steps, epochs=training.epochs, verbose=0, callbacks=all_callbacks
            )
    student_role = is_student(config.model)
    lines = run.epochs()
    if not lines:
        said = f"training diverged in its first epoch; lower training.{config.model}.learning_rate."
        if devices.chief:
            write_text(run.diverged, said + "\n")
        raise UserError(f"{run.path}: {said}")
    best = best_line(lines, training.best_by)
    return {
        "model": config.model,
        "interaction": config.interaction if student_role else None,
        "recipe": config.recipe if student_role else "train",
        "teacher": config.teacher if teacher_runs else None,
        "setup": config.data.setup,
        "scores": {},
        "parameters": parameters,
        "epochs": len(lines),
        "best_epoch": best["epoch"] + 1,
        "seconds_per_epoch": statistics.median(line["seconds"] for line in lines),
        "precision": precision,
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "seed": config.seed,
        "versions": versions(),
        **({"teacher_scores": teaching.qualities} if teaching.qualities else {}),
        **({NULL_THRESHOLD: best["val_null_threshold"]} if prepared.config.has_null else {}),
    }
