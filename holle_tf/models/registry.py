"""The models by name. A new one is a file with a builder, its configuration class and a line here."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np
import tensorflow as tf

from holle_tf.models import bidaf, qanet, sam


class ModelSpec(NamedTuple):
    """How a kind of model is built and what it reads.

    Attributes:
        inputs: names of the features of ``pipelines.dataset.make_dataset``.
        build: (model configuration, embeddings, size of the character vocabulary, learn the word
            vectors) -> functional model.
    """

    inputs: tuple[str, ...]
    build: Callable[[Any, np.ndarray, int, bool], tf.keras.Model]


MODELS = {
    "sam": ModelSpec(sam.INPUTS, lambda config, vectors, chars, learn: sam.build_sam(config, vectors, learn)),
    "bidaf": ModelSpec(bidaf.INPUTS, bidaf.build_bidaf),
    "qanet": ModelSpec(qanet.INPUTS, qanet.build_qanet),
}


def trainable_parameters(model: tf.keras.Model) -> int:
    """Number of trained scalars; the frozen word vectors are not among them."""
    return int(sum(np.prod(v.shape) for v in model.trainable_variables))
