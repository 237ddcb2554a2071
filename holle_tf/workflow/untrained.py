"""What a training begins with: the model in its number format, and the steps of an epoch."""

from __future__ import annotations

import tensorflow as tf

from holle_tf.config import Config, TrainingConfig
from holle_tf.distill.precision import POLICIES, resolve_precision
from holle_tf.models.layers.bidirectional import recurrent_implementation
from holle_tf.workflow.run_folder import build_model
from pipelines.errors import UserError
from pipelines.prepare import PreparedData


def untrained_model(config: Config, prepared: PreparedData) -> tf.keras.Model:
    """The model of ``config`` over the ids of ``prepared``, as it is trained.

    Number format and implementation of recurrent layers are those of its training; the global policy is
    float32 afterwards.
    """
    training = config.training_of(config.model)
    precision = resolve_precision(training.mixed_precision, config.model)
    recurrent = "keras" if training.jit else training.recurrence  # XLA cannot compile ours
    tf.keras.mixed_precision.set_global_policy(POLICIES[precision])
    try:
        with recurrent_implementation(recurrent):
            return build_model(config, prepared.embeddings, len(prepared.chars))
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


def steps_of_epoch(examples: int, training: TrainingConfig) -> int:
    """How many batches there are of so many examples.

    Raises:
        UserError: XLA, for which every batch is of one shape, would be left with none.
    """
    if not training.jit:
        return -(-examples // training.batch_size)
    if examples < training.batch_size:
        raise UserError(
            f"jit leaves out the last, smaller batch, and there are {examples} examples for batches of "
            f"{training.batch_size}; lower batch_size."
        )
    return examples // training.batch_size
