"""Measures the cost of each term of distillation, of a teacher with and without a cache, and of TensorBoard.

    .venv/bin/python -m benchmarks.distillation

Times steps of a student of the published size on a batch of random words, all variants in strict alternation,
with teachers of the demo's size; then epochs of the demo corpus. Weights are random, which does not affect
the time. The last line is JSON: medians in milliseconds and their ratios to equation (1) with a cached
teacher.
"""

from __future__ import annotations

import functools
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np
import tensorflow as tf
from absl import app, flags
from rich.table import Table

from benchmarks.models import CHARACTERS, WORD_DIM, WORDS, random_batch
from benchmarks.taking_turns import median_seconds
from holle_tf.board.example_views import choose_examples, draw_curves, spans_as_markdown, view
from holle_tf.catalogue import MODELS
from holle_tf.config import Config
from holle_tf.config_sources import load_config, preset
from holle_tf.distill.distiller import Distiller, Teacher, cached_teacher, online_teacher
from holle_tf.distill.hallucination import HALLUCINATED, reorder
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.teacher_cache import ensure_teacher_cache, read_teacher_cache
from holle_tf.distill.terms import needs
from holle_tf.drawing.terminal_table import print_table
from holle_tf.options.distill import DistillConfig
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import build_model
from holle_tf.system.console_logging import configure_console
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=8)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer(
    "steps", 5, "timed steps of each variant, after two warm-up steps", lower_bound=1
)
_LIMIT = flags.DEFINE_integer("limit", 640, "examples of an epoch", lower_bound=16)
_EPOCHS = flags.DEFINE_integer("epochs", 3, "timed epochs of each, after a warm-up epoch", lower_bound=1)
_VARIANTS = flags.DEFINE_list("variants", [], "variants whose steps are timed; empty = all")

PLAIN = "add"


class Variant(NamedTuple):
    """Terms, the kinds of the teachers, options that are not the default, and whether scores are cached.

    With a cache, as in a training, a teacher reads only what a term needs and the cache lacks.
    """

    terms: Sequence[str]
    teachers: Sequence[str]
    options: Mapping[str, Any] = {}
    cached: bool = True


VARIANTS = {
    PLAIN: Variant(["labels", "teacher"], ["qanet"]),
    "add_train": Variant(["labels"], []),
    "add_topk": Variant(["labels", "topk"], ["qanet"]),
    "add_ensemble": Variant(["labels", "ensemble"], ["bidaf", "qanet"]),
    "add, conicity": Variant(["labels", "teacher", "conicity"], ["qanet"], {"conicity_weight": 0.5}),
    "add, no cache": Variant(["labels", "teacher"], ["qanet"], cached=False),
    "add_aug": Variant(["labels", "teacher", "hallucinated"], ["qanet"]),
    "add_grad": Variant(["labels", "teacher", "gradient"], ["qanet"]),
    "add_grad, differences": Variant(
        ["labels", "teacher", "gradient"], ["qanet"], {"second_order": "differences"}
    ),
    "add_grad, differences, 1/4 of the examples": Variant(
        ["labels", "teacher", "gradient"],
        ["qanet"],
        {"second_order": "differences", "gradient_share": 0.25},
    ),
    "add_grad, tiny teacher": Variant(["labels", "teacher", "gradient"], ["sam"]),
    "add, matching": Variant(["labels", "teacher", "matching"], ["bidaf"], {"matching_weight": 1.0}),
}


def demo_config(**flags_: Any) -> Config:
    return load_config([preset("demo")], flags=flags_)


def make_student(config: Config, vectors: np.ndarray, variant: Variant, teachers: list[Teacher]) -> Distiller:
    """A SAM to be trained on the variant's terms."""
    student = build_model(replace(config, model="sam"), vectors, 0)
    options = replace(DistillConfig(top_k=50), **variant.options)
    distiller = Distiller(student, variant.terms, teachers, options, l2=config.training.sam.l2)
    distiller.compile(optimizer=make_optimizer(config.training.sam, 1000))
    return distiller


def make_step(variant: Variant, config: Config, batch: tuple[dict, dict]) -> Callable[[], Any]:
    """A training step on ``batch``, which has the inputs of every variant."""
    vectors = np.random.default_rng(0).normal(size=(WORDS, WORD_DIM)).astype(np.float32)
    tiny = replace(config.sam, units=2, layers=1, inner_units=2)
    teachers = []
    for name in variant.teachers:
        reads = not variant.cached or "reader" in needs(variant.terms)
        model = build_model(replace(config, model=name, sam=tiny), vectors, CHARACTERS) if reads else None
        teachers.append(cached_teacher(name, model) if variant.cached else online_teacher(model))
    # With unknown sizes, like batches of a data set.
    signature = tf.nest.map_structure(
        lambda tensor: tf.TensorSpec([None, None, *tensor.shape[2:]][: tensor.ndim], tensor.dtype), batch
    )
    distiller = make_student(config, vectors, variant, teachers)
    step = tf.function(distiller.train_step, input_signature=[signature])
    return lambda: step(batch)


def time_steps() -> dict[str, dict[str, float]]:
    """Median milliseconds of a training step of every variant, and the ratio to ``PLAIN``."""
    config = demo_config()
    inputs = tuple(dict.fromkeys(name for model in MODELS.values() for name in model.inputs))
    features, labels = random_batch(inputs, _BATCH.value, _DOCUMENT.value, _CONTEXT.value, config)
    reordered = reorder(features, tf.constant([0, 1]))
    features.update({HALLUCINATED + name: tensor for name, tensor in reordered.items()})
    rng = np.random.default_rng(1)
    for name in MODELS:
        for edge in ("start", "end"):
            scores = 3 * rng.normal(size=(_BATCH.value, _DOCUMENT.value))
            labels[f"{name}_{edge}_logits"] = tf.constant(scores, tf.float32)
    chosen = [PLAIN, *(name for name in _VARIANTS.value or VARIANTS if name != PLAIN)]
    steps = {name: make_step(VARIANTS[name], config, (features, labels)) for name in chosen}
    medians = median_seconds(steps, _STEPS.value, title="steps")
    return {
        name: {"ms": round(1000 * seconds, 1), "ratio": round(seconds / medians[PLAIN], 2)}
        for name, seconds in medians.items()
    }


def time_epochs(config: Config, prepared: PreparedData, folder: Path) -> dict[str, float]:
    """Seconds of a student's epoch with cached scores and with the teacher online, and of caching."""
    teacher = build_model(replace(config, model="qanet"), prepared.embeddings, len(prepared.chars))
    weights = folder / "teacher.weights.h5"
    teacher.save_weights(weights)
    began = time.perf_counter()
    cache = ensure_teacher_cache(lambda: teacher, weights, prepared, "train", 32)
    report = {"caching": time.perf_counter() - began}
    own = MODELS["sam"].inputs
    ways = {
        "cached": (cached_teacher("qanet"), own, read_teacher_cache(cache, "qanet")),
        "on line": (online_teacher(teacher), {*own, *teacher.input}, None),
    }
    epochs = {}
    for way, (source, inputs, extra) in ways.items():
        distiller = make_student(config, prepared.embeddings, VARIANTS[PLAIN], [source])
        batches = make_dataset(
            prepared, "train", inputs=sorted(inputs), batch_size=32, shuffle=True, extra=extra
        )
        epochs[way] = functools.partial(distiller.fit, batches, verbose=0)
    return {**report, **median_seconds(epochs, _EPOCHS.value, warm_up=1, title="epochs")}


def time_board(config: Config, prepared: PreparedData) -> dict[str, float]:
    """Milliseconds that TensorBoard adds: gradients of the terms, losses, curves of the examples."""
    cached = {f"qanet_{edge}_logits" for edge in ("start", "end")}
    distiller = make_student(config, prepared.embeddings, VARIANTS[PLAIN], [cached_teacher("qanet")])
    batches = make_dataset(prepared, "train", inputs=MODELS["sam"].inputs, batch_size=32)
    features, labels = next(iter(batches))
    labels = {**labels, **{name: tf.random.normal(tf.shape(features["document"])) for name in cached}}
    step, norms = tf.function(distiller.train_step), tf.function(distiller.gradient_norms)
    examples = choose_examples(prepared, config.board.examples)

    def show() -> None:
        own = view(distiller.student, examples, config.evaluation.max_span)
        for row, encoded in enumerate(examples):
            picture = draw_curves(encoded, row, {"student": own})
            tf.summary.image(encoded.example.example_id, picture[None], step=0)
        tf.summary.text("spans", spans_as_markdown(examples, {"student": own}), step=0)

    def losses() -> None:
        for metric in distiller.metrics:
            tf.summary.scalar(metric.name, float(metric.total) / float(metric.count), step=0)

    work = {
        "step": lambda: step((features, labels)),
        "gradients": lambda: norms(features, labels),
        "losses": losses,
        "examples": show,
    }
    with tempfile.TemporaryDirectory() as folder, tf.summary.create_file_writer(folder).as_default():
        medians = median_seconds(work, _STEPS.value, title="TensorBoard")
    found = {name: 1000 * seconds for name, seconds in medians.items()}
    every = config.board
    added = found["gradients"] / every.gradients_every + found["losses"] / every.scalars_every
    return {**found, "slower": added / found["step"]}


def main(_: list[str]) -> None:
    configure_console()
    report: dict[str, Any] = {"document": _DOCUMENT.value, "batch": _BATCH.value, "steps": time_steps()}
    with tempfile.TemporaryDirectory() as folder:
        config = demo_config(runs_dir=folder, limit=_LIMIT.value)
        prepared = open_data(config)
        report["examples"] = prepared.count("train")
        report["epochs"] = time_epochs(config, prepared, Path(folder))
        report["board"] = time_board(config, prepared)
    table = Table("variant", "step, ms", f"to {PLAIN}")
    for name, row in report["steps"].items():
        table.add_row(name, f"{row['ms']:.1f}", f"{row['ratio']:.2f}")
    print_table(table)
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
