"""What a training begins with: the data, and the devices that share it."""

from __future__ import annotations

import functools
from dataclasses import replace

from holle_tf.config import Config
from holle_tf.distill.config import teacher_setup
from holle_tf.workflow.cluster import Log
from holle_tf.workflow.data import find_data, open_data
from holle_tf.workflow.devices import Devices, start
from pipelines.prepare import PreparedData


def begin(config: Config, devices: Devices, log: Log) -> tuple[PreparedData, Devices]:
    """The data, which the chief prepares, and the devices, started.

    Raises:
        UserError: see ``open_data`` and ``devices.start``, or the chief did not prepare data in time.
    """
    wanted = [config]
    # Before TensorFlow listens for other processes: preparing forks, which its threads would not survive.
    teaching = of_teachers(config)
    if teaching != config and config.teachers and devices.kind != "one":
        wanted.insert(0, teaching)
    for one in wanted:
        if devices.chief:
            prepared = open_data(one, log)
        else:
            found = functools.partial(find_data, one)
            prepared = devices.wait_for(found, "the chief to prepare the data", log)
    return prepared, start(devices, log)


def of_teachers(config: Config) -> Config:
    """The same with the documents on which its teachers are trained."""
    setup = teacher_setup(config.data.setup, config.distill.long_teacher)
    return replace(config, data=replace(config.data, setup=setup))
