"""A model with random word vectors, ready for training steps."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from holle_tf.config import Config
from holle_tf.distill.distiller import Distiller
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES
from holle_tf.workflow.run_folder import build_model

WORD_DIM = 100


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
        student, {"labels": 1.0}, l2=training.l2, ema_decay=training.ema_decay, clip_norm=training.clip_norm
    )
    distiller.compile(optimizer=make_optimizer(training, 1000))
    return distiller
