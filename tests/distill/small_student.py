"""A small student, and a batch for it."""

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import SamConfig
from holle_tf.models.sam import build_sam

VECTORS = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
SMALL = SamConfig(units=4, layers=1, inner_units=4, dropout=0.0)
RNG = np.random.default_rng(1)
FEATURES = {
    name: np.where(np.arange(width) < width - 3, RNG.integers(1, 30, (6, width)), 0).astype(np.int32)
    for name, width in (("document", 20), ("query", 8), ("prober_history", 8), ("responder_history", 8))
}
LABELS = {"start": np.array([0, 3, 5, 7, 9, 11], np.int32), "end": np.array([2, 3, 9, 8, 16, 11], np.int32)}


def small_student(seed=0):
    tf.keras.utils.set_random_seed(seed)
    return build_sam(SMALL, VECTORS)


def compiled(distiller):
    distiller.compile(optimizer=tf.keras.optimizers.SGD(0.1))
    return distiller
