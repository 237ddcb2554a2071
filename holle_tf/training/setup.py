"""What a training starts from: data, devices, a model in the chosen number format, the steps of an epoch."""

from __future__ import annotations

import functools
from dataclasses import replace

import tensorflow as tf

from holle_tf.config import Config
from holle_tf.distill.precision import POLICIES, resolve_precision
from holle_tf.models.layers.bidirectional import recurrent_implementation
from holle_tf.options.distill import teacher_setup
from holle_tf.options.training import TrainingConfig
from holle_tf.runs.data import find_data, open_data
from holle_tf.runs.identity import run_terms
from holle_tf.runs.pool import has_pool, open_pool
from holle_tf.runs.run_folder import build_model
from holle_tf.system.devices import Devices, start
from pipelines.errors import UserError
from pipelines.pool import find_pool
from pipelines.prepare import PreparedData


def prepare_data_and_devices(config: Config, devices: Devices) -> tuple[PreparedData, Devices]:
    """Let the chief prepare the data, and the pool if there is one, then start the devices.

    Returns:
        The data, and the devices, started.

    Raises:
        UserError: see ``open_data``, ``open_pool`` and ``devices.start``, or the chief did not prepare the
            data in time.
    """
    configs = [config]
    # Before TensorFlow listens for other processes: preparation forks, which its threads would not survive.
    of_teachers = with_teacher_setup(config)
    if of_teachers != config and config.teachers and devices.kind != "one":
        configs.insert(0, of_teachers)
    for data_config in configs:
        if devices.chief:
            prepared = open_data(data_config)
        else:
            find = functools.partial(find_data, data_config)
            prepared = devices.wait_for(find, "the chief to prepare the data")
    if has_pool(config, run_terms(config)):
        if devices.chief:
            open_pool(config, prepared, run_terms(config))
        else:
            find_it = functools.partial(find_pool, config.distill.pool, prepared)
            devices.wait_for(find_it, "the chief to prepare the pool")
    return prepared, start(devices)


def with_teacher_setup(config: Config) -> Config:
    """``config`` with the setup of the data that its teachers are trained on."""
    setup = teacher_setup(config.data.setup, config.distill.long_teacher)
    return replace(config, data=replace(config.data, setup=setup))


def untrained_model(config: Config, prepared: PreparedData) -> tf.keras.Model:
    """A new model of ``config`` for training on ``prepared``.

    It has the number format and the implementation of recurrent layers of its training options. The global
    policy is float32 afterwards.
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
    """The number of batches in an epoch.

    Raises:
        UserError: ``jit`` leaves out the last, smaller batch, and there is no other.
    """
    if not training.jit:
        return -(-examples // training.batch_size)
    if examples < training.batch_size:
        raise UserError(
            f"jit leaves out the last, smaller batch, and there are only {examples} examples for batches of "
            f"{training.batch_size}; lower batch_size."
        )
    return examples // training.batch_size
