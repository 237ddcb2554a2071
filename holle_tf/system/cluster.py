"""The processes in ``TF_CONFIG``, which train one model together, and how they wait for each other."""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Union

from pipelines.errors import UserError

logger = logging.getLogger(__name__)

JOBS = ("chief", "worker")
POLL_SECONDS = 0.5  # between two checks of what is awaited
REMINDER_SECONDS = 30.0  # between two log lines about it

Awaited = Union[str, Callable[[], str]]  # what is awaited, in words; a function if they change


@dataclass(frozen=True)
class Cluster:
    """All processes that train together, and which of them this is.

    Attributes:
        addresses: HOST:PORT of each; the chief is the first.
        index: of this process among them.
    """

    addresses: tuple[str, ...] = ("",)
    index: int = 0

    @property
    def chief(self) -> bool:
        """Whether this process writes the files."""
        return self.index == 0

    @property
    def name(self) -> str:
        """The name of this process in messages."""
        return f"process {self.index + 1} of {len(self.addresses)}"


def read_cluster(environment: Mapping[str, str] = os.environ) -> Optional[Cluster]:
    """The cluster of ``TF_CONFIG``; None if it is not set or names no cluster.

    Raises:
        UserError: it is broken, names an unknown kind of process, or this process is not in it.
    """
    text = environment.get("TF_CONFIG", "").strip()
    if not text:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"TF_CONFIG: not JSON ({error}); docs/scaling.md has an example.") from error
    jobs = given.get("cluster", {}) if isinstance(given, dict) else None
    if not isinstance(jobs, dict):
        raise UserError('TF_CONFIG: expected {"cluster": {"worker": ["HOST:PORT", ...]}, "task": ...}.')
    if not jobs:
        return None
    if unknown := sorted(set(jobs) - set(JOBS)):
        raise UserError(
            f"TF_CONFIG: a cluster of {', '.join(unknown)}; only chief and worker take part here."
        )
    for job, addresses in jobs.items():
        if not isinstance(addresses, list) or not addresses:
            raise UserError(f"TF_CONFIG: cluster.{job} has to be a list of HOST:PORT that is not empty.")
        for address in addresses:
            _check_address(job, address)
    if len(jobs.get("chief", [])) > 1:
        raise UserError(f"TF_CONFIG: {len(jobs['chief'])} chiefs; there can be only one.")
    processes = [(job, i, address) for job in JOBS for i, address in enumerate(jobs.get(job, []))]
    addresses = tuple(address for _, _, address in processes)
    if twice := sorted({address for address in addresses if addresses.count(address) > 1}):
        raise UserError(f"TF_CONFIG: {twice[0]} is given twice; every process needs its own address.")
    task = given.get("task")
    if not isinstance(task, dict) or task.get("type") not in jobs:
        raise UserError(f"TF_CONFIG: task.type has to be one of {', '.join(jobs)}.")
    job, index = task["type"], task.get("index")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(jobs[job]):
        raise UserError(
            f"TF_CONFIG: task.index={index!r} is outside the cluster;"
            f" cluster.{job} has {len(jobs[job])} processes, counted from 0."
        )
    return Cluster(addresses, [process[:2] for process in processes].index((job, index)))


def wait_for(
    found: Callable[[], Any],
    what: Awaited,
    seconds: float,
    remedy: str,
    poll_seconds: float = POLL_SECONDS,
) -> Any:
    """Call ``found`` until it returns something true, and return that.

    Args:
        what: what is awaited, for the log, which repeats it now and then.
        seconds: how long to wait at most.
        poll_seconds: time between two calls.

    Raises:
        UserError: it took longer than ``seconds``; the message ends in ``remedy``.
    """
    name = what if callable(what) else lambda: what
    began = reminded = time.monotonic()
    result = found()
    if not result:
        logger.info(f"waiting for {name()}")
    while not result:
        now = time.monotonic()
        if now - began > seconds:
            raise UserError(f"waited {seconds:.0f} s for {name()}; {remedy}")
        if now - reminded > REMINDER_SECONDS:
            logger.info(f"still waiting for {name()}, {now - began:.0f} s")
            reminded = now
        time.sleep(poll_seconds)
        result = found()
    return result


def is_listening(address: str) -> bool:
    """Whether something listens at HOST:PORT."""
    try:
        with connect(address):
            return True
    except OSError:
        return False


def connect(address: str) -> socket.socket:
    """A connection to HOST:PORT whose operations time out after two seconds.

    Raises:
        OSError: nothing listens there.
    """
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=2.0)


def port_of(address: str) -> int:
    """PORT of HOST:PORT."""
    return int(address.rpartition(":")[2])


def check_free(address: str) -> None:
    """Raise a UserError if this process cannot listen at the port of HOST:PORT."""
    port = port_of(address)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise UserError(f"TF_CONFIG: cannot listen on port {port} ({error.strerror}).") from error


def _check_address(job: str, address: Any) -> None:
    host, _, port = str(address).rpartition(":")
    if not isinstance(address, str) or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"TF_CONFIG: cluster.{job} has {address!r}; expected HOST:PORT.")
