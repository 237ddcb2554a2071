"""Train on the devices that ``--strategy`` chooses, and restart if another of their processes is lost."""

from __future__ import annotations

import logging
from typing import Callable

from holle_tf.options.strategy import StrategyConfig
from holle_tf.system.console_logging import prefix_lines
from holle_tf.system.devices import Devices, PeerLost, choose_devices, restart_process

logger = logging.getLogger(__name__)


def on_chosen_devices(options: StrategyConfig, train: Callable[[Devices], None]) -> None:
    """Call ``train`` with the chosen devices; they are not started yet.

    Log lines of a process that is not the chief begin with its name. If another process is lost, this one is
    replaced by a new one with the same command.

    Raises:
        UserError: the devices are not there, or processes were lost too often.
    """
    devices = choose_devices(options)
    if not devices.chief:
        prefix_lines(f"{devices.cluster.name}: ")
    try:
        train(devices)
    except PeerLost as lost:
        logger.warning(str(lost))
        restart_process(options)
