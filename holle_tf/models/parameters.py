"""Parameter counts."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def trainable_parameters(model: tf.keras.Model) -> int:
    """Number of trainable scalars, without the frozen word vectors."""
    return int(sum(np.prod(v.shape) for v in model.trainable_variables))
