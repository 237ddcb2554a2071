"""How large a model is."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def trainable_parameters(model: tf.keras.Model) -> int:
    """Number of trained scalars; the frozen word vectors are not among them."""
    return int(sum(np.prod(v.shape) for v in model.trainable_variables))
