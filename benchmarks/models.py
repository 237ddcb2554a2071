"""Models with random word vectors, ready for training steps, and random texts for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import numpy as np
import tensorflow as tf

from holle_tf.config import Config, to_yaml
from holle_tf.config_sources import load_config
from holle_tf.distill.distiller import Distiller
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES
from holle_tf.runs.run_folder import RunFolder, build_model, write_text
from pipelines.records import split_input
from pipelines.vocabulary import Vocabulary

WORDS, CHARACTERS, WORD_DIM = 5000, 100, 100


def make_distiller(config: Config, precision: str, vocabulary: int, characters: int) -> Distiller:
    """``config.model``, compiled for training on labels.

    Args:
        config: sizes and training options.
        precision: none | bfloat16 | float16.
        vocabulary: words with a (random) vector.
        characters: of the teachers' character vocabulary.
    """
    training = config.training_of(config.model)
    vectors = np.random.default_rng(0).normal(size=(vocabulary, WORD_DIM)).astype(np.float32)
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    try:
        student = build_model(config, vectors, characters)
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    distiller = Distiller(
        student, ["labels"], l2=training.l2, ema_decay=training.ema_decay, clip_norm=training.clip_norm
    )
    distiller.compile(optimizer=make_optimizer(training, 1000))
    return distiller


def random_batch(
    names: tuple[str, ...], batch: int, document: int, context: int, config: Config
) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
    """Features and labels of random texts without padding.

    Args:
        names: inputs of a model.
        batch: number of examples.
        document: words of a document.
        context: words of the query and of each history.
        config: has the largest number of characters of a word. A word is always spelt the same, as in real
            text.
    """
    rng = np.random.default_rng(0)
    longest = config.data.max_word_chars

    def words(length: int) -> np.ndarray:
        # Zipf-distributed, because a character encoder reads each distinct word only once.
        return np.minimum(rng.zipf(1.3, (batch, length)), WORDS - 1)

    short = ("query", "prober_history", "responder_history")
    texts = {"document": words(document), **{name: words(context) for name in short}}
    texts["question"] = np.concatenate([texts[name] for name in short], axis=1)
    spelling = rng.integers(1, CHARACTERS, (WORDS, longest))
    spelling[np.arange(longest) >= rng.integers(2, longest, (WORDS, 1))] = 0
    features = {}
    for name in names:
        text, kind = split_input(name)
        features[name] = tf.constant(spelling[texts[text]] if kind == "chars" else texts[text], tf.int32)
    labels = {edge: tf.constant(rng.integers(0, document, batch), tf.int32) for edge in ("start", "end")}
    return features, labels


def make_steps(
    config: Config, precision: str, batch: int, document: int, context: int
) -> dict[str, Callable[[], Any]]:
    """A training step and a reading of a batch of ``random_batch``, by name."""
    distiller = make_distiller(config, precision, WORDS, CHARACTERS)
    student = distiller.student
    features, labels = random_batch(config.inputs_of(config.model), batch, document, context, config)
    train, read = tf.function(distiller.train_step), tf.function(lambda given: student(given))
    return {"training": lambda: train((features, labels)), "inference": lambda: read(features)}


def untrained_student(folder: Path) -> RunFolder:
    """A run folder with a student of the published size and random weights."""
    config = load_config(flags={"recipe": "add_train"})
    run = RunFolder(folder)
    run.weights.parent.mkdir(parents=True)
    write_text(folder / "config.yaml", to_yaml(config))
    Vocabulary(f"w{i}" for i in range(WORDS - 2)).save(folder / "vocab.txt")
    Vocabulary(chr(0x4E00 + i) for i in range(CHARACTERS - 2)).save(folder / "chars.txt")
    vectors = np.random.default_rng(0).normal(size=(WORDS, WORD_DIM)).astype(np.float32)
    build_model(config, vectors, CHARACTERS).save_weights(run.weights)
    run.write_result({"model": "sam"})
    return run
