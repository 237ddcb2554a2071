"""The processes that train one model together, as ``TF_CONFIG`` names them, and waiting for each other."""

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
POLL_SECONDS = 0.5  # seconds between two looks at what is waited for
REMINDER_SECONDS = 30.0  # seconds between two lines about it

Awaited = Union[str, Callable[[], str]]  # is waited for; in words that change, if it does


@dataclass(frozen=True)
class Cluster:
    """All processes, and which of them this is.

    Attributes:
        addresses: HOST:PORT of each; the chief is the first.
        index: of this process among them.
    """

    addresses: tuple[str, ...] = ("",)
    index: int = 0

    @property
    def chief(self) -> bool:
        """Whether this process writes what there is to write."""
        return self.index == 0

    @property
    def name(self) -> str:
        """Of this process, for people."""
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
    except ValueError as error:
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
        raise UserError(f"TF_CONFIG: {len(jobs['chief'])} chiefs; there can be one.")
    processes = [(job, i, address) for job in JOBS for i, address in enumerate(jobs.get(job, []))]
    addresses = tuple(address for _, _, address in processes)
    if twice := sorted({one for one in addresses if addresses.count(one) > 1}):
        raise UserError(f"TF_CONFIG: {twice[0]} is there twice; every process needs an address of its own.")
    task = given.get("task")
    if not isinstance(task, dict) or task.get("type") not in jobs:
        raise UserError(f"TF_CONFIG: task.type has to be one of {', '.join(jobs)}.")
    job, index = task["type"], task.get("index")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(jobs[job]):
        raise UserError(
            f"TF_CONFIG: task.index={index!r} is outside of the cluster;"
            f" cluster.{job} has {len(jobs[job])}, counted from 0."
        )
    return Cluster(addresses, [one[:2] for one in processes].index((job, index)))


def wait_for(
    found: Callable[[], Any],
    what: Awaited,
    seconds: float,
    remedy: str,
    poll_seconds: float = POLL_SECONDS,
) -> Any:
    """What ``found`` returns once that is not false, with a line now and then about ``what`` is waited for.

    Raises:
        UserError: it took longer than ``seconds``; the message ends in ``remedy``.
    """
    name = what if callable(what) else lambda: what
    began = said = time.monotonic()
    result = found()
    if not result:
        logger.info(f"waiting for {name()}")
    while not result:
        now = time.monotonic()
        if now - began > seconds:
            raise UserError(f"waited {seconds:.0f} s for {name()}; {remedy}")
        if now - said > REMINDER_SECONDS:
            logger.info(f"still waiting for {name()}, {now - began:.0f} s")
            said = now
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
    """A connection to HOST:PORT, whose operations wait for two seconds at most.

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
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("", port))
        except OSError as error:
            raise UserError(f"TF_CONFIG: cannot listen on port {port} ({error.strerror}).") from error


def _check_address(job: str, address: Any) -> None:
    host, _, port = str(address).rpartition(":")
    if not isinstance(address, str) or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"TF_CONFIG: cluster.{job} has {address!r}; expected HOST:PORT.")
