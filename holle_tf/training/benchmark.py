"""What each model costs, beside the paper's tables 1 and 5. Each measurement runs in its own process."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any, Iterable

from rich import box
from rich.table import Table

from holle_tf import paper
from holle_tf.catalogue import DEFAULT_STUDENT, MODELS
from holle_tf.config import Config
from holle_tf.runs.data import find_data, open_data
from holle_tf.system.child_process import in_child_process
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)

STEPS, WARM_UP = 10, 3  # training steps that are timed, and untimed ones before them


def measure_inference(config: Config, model: str, split: str = "test") -> dict[str, float]:
    """Seconds to decode the best span of every example of a split, and the memory that this takes.

    Returns:
        ``seconds``, which includes reading the data but not tracing the model; ``memory_mb``, the peak of
        resident memory beyond what the imports take.
    """
    from holle_tf.evaluate.predictor import Predictor

    base = _begin_measurement()
    from holle_tf.system.memory import peak_memory_mb

    prepared = find_data(config) or open_data(config)
    predictor = Predictor(_build_model(config, model, prepared), config.evaluation.max_span)
    size = config.evaluation.batch_size
    batches = make_dataset(prepared, split, inputs=config.inputs_of(model), batch_size=size)
    for features, labels in batches.take(1):
        predictor.decode(features, labels)
    began = time.perf_counter()
    for features, labels in batches:
        predictor.decode(features, labels)
    return {"seconds": time.perf_counter() - began, "memory_mb": peak_memory_mb() - base}


def measure_training(config: Config, model: str) -> dict[str, float]:
    """Seconds of an epoch, from the median of some steps on real batches, and the memory that this takes.

    Returns:
        ``seconds_per_epoch``, ``memory_mb`` as in ``measure_inference``, ``parameters``.
    """
    from holle_tf.distill.distiller import Distiller
    from holle_tf.distill.optimizers import make_optimizer
    from holle_tf.models.parameters import trainable_parameters
    from holle_tf.training.setup import steps_of_epoch, untrained_model
    from holle_tf.training.step_times import time_steps

    base = _begin_measurement()
    from holle_tf.system.memory import peak_memory_mb

    prepared = find_data(config) or open_data(config)
    training = config.training_of(model)
    student = untrained_model(replace(config, model=model), prepared)
    distiller = Distiller(
        student, ["labels"], l2=training.l2, ema_decay=training.ema_decay, clip_norm=training.clip_norm,
        jit=training.jit,
    )  # fmt: skip
    steps = steps_of_epoch(prepared.count("train"), training)
    distiller.compile(optimizer=make_optimizer(training, steps * training.epochs))
    batches = make_dataset(
        prepared, "train", inputs=config.inputs_of(model), batch_size=training.batch_size, shuffle=True,
        static_shapes=training.jit,
    )  # fmt: skip
    return {
        "seconds_per_epoch": time_steps(distiller, batches, STEPS, WARM_UP).seconds * steps,
        "memory_mb": peak_memory_mb() - base,
        "parameters": trainable_parameters(student),
    }


def run_benchmark(config: Config, setups: Iterable[str]) -> dict[str, Any]:
    """Measure every model on every setup.

    Returns:
        ``inference``: setup -> model -> what ``measure_inference`` gives, and ``examples``; ``training``:
        model -> what ``measure_training`` gives, on the first setup, and ``examples``.
    """
    setups = list(setups)
    report: dict[str, Any] = {"inference": {}, "training": {}}
    for setup in setups:
        setup_config = replace(config, data=replace(config.data, setup=setup))
        prepared = open_data(setup_config)
        for model in MODELS:
            logger.info(f"inference, {setup}, {model}: {prepared.count('test')} examples")
            found = in_child_process(measure_inference, setup_config, model)
            report["inference"].setdefault(setup, {})[model] = found | {"examples": prepared.count("test")}
        if setup != setups[0]:
            continue
        for model in MODELS:
            logger.info(f"training, {setup}, {model}: {STEPS} steps after {WARM_UP}")
            found = in_child_process(measure_training, setup_config, model)
            report["training"][model] = found | {"examples": prepared.count("train")}
    return report


def inference_table(found: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Table 1 of the paper, with ratios to SAM, beside the paper's own figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "", "MB", "x SAM", "seconds", "x SAM", "paper: MB", "x SAM", "seconds", "x SAM"):
        table.add_column(title, justify="right" if title else "left")
    for setup, models in found.items():
        published = paper.INFERENCE.get(setup)
        for model, row in models.items():
            cells = []
            for key in ("memory_mb", "seconds"):
                cells += [f"{row[key]:.1f}", f"{row[key] / models[DEFAULT_STUDENT][key]:.1f}"]
            for i in range(2):
                if published is None or model not in published:
                    cells += ["-", "-"]
                    continue
                cells += [f"{published[model][i]}", f"{published[model][i] / published['sam'][i]:.1f}"]
            table.add_row(setup, model, *cells)
    return table


def training_table(found: dict[str, dict[str, float]]) -> Table:
    """Table 5 of the paper, with ratios to SAM, beside the paper's own figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    titles = ("", "parameters", "s/epoch", "x SAM", "MB", "paper: parameters", "s/epoch", "x SAM")
    for title in titles:
        table.add_column(title, justify="right" if title else "left")
    for model, row in found.items():
        published = paper.TRAINING.get(model)
        table.add_row(
            model,
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['seconds_per_epoch']:.1f}",
            f"{row['seconds_per_epoch'] / found[DEFAULT_STUDENT]['seconds_per_epoch']:.1f}",
            f"{row['memory_mb']:.0f}",
            f"{published[0]} M" if published else "-",
            f"{published[1]}" if published else "-",
            f"{published[1] / paper.TRAINING['sam'][1]:.1f}" if published else "-",
        )
    return table


def _begin_measurement() -> float:
    """Begin a measurement in this process; the resident memory that the imports take, in MB."""
    from holle_tf.system.memory import keep_freed_memory, peak_memory_mb, reset_peak_memory

    keep_freed_memory()
    reset_peak_memory()
    return peak_memory_mb()


def _build_model(config: Config, model: str, prepared: PreparedData) -> Any:
    import tensorflow as tf

    from holle_tf.distill.precision import POLICIES, resolve_precision
    from holle_tf.runs.run_folder import build_model

    precision = resolve_precision(config.training_of(model).mixed_precision, model)
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    return build_model(replace(config, model=model), prepared.embeddings, len(prepared.chars))
