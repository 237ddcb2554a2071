"""Before a training: its data, its devices, its model in the chosen number format, the steps of an epoch."""

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
from holle_tf.runs.run_folder import build_model
from holle_tf.system.devices import Devices, start
from pipelines.errors import UserError
from pipelines.prepare import PreparedData


def prepare_data_and_devices(config: Config, devices: Devices) -> tuple[PreparedData, Devices]:
    """Prepare the data, which the chief does, and start the devices.

    Returns:
        The data, and the devices, started.

    Raises:
        UserError: see ``open_data`` and ``devices.start``, or the chief did not prepare data in time.
    """
    wanted = [config]
    # Before TensorFlow listens for other processes: preparing forks, which its threads would not survive.
    teaching = with_teacher_setup(config)
    if teaching != config and config.teachers and devices.kind != "one":
        wanted.insert(0, teaching)
    for one in wanted:
        if devices.chief:
            prepared = open_data(one)
        else:
            found = functools.partial(find_data, one)
            prepared = devices.wait_for(found, "the chief to prepare the data")
    return prepared, start(devices)


def with_teacher_setup(config: Config) -> Config:
    """The same with the documents on which its teachers are trained."""
    setup = teacher_setup(config.data.setup, config.distill.long_teacher)
    return replace(config, data=replace(config.data, setup=setup))


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
