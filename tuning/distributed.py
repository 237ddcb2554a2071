"""Runs the trials: in this process, in workers that it starts, or in workers on any machine over gRPC.

The chief chooses the values; workers ask it for trials (keras-tuner's protocol). All processes share their
folders. A worker that dies, or is not heard from for ``tuning.lost_seconds``, is given up, and another worker
repeats its trial.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, Iterator, Mapping, Optional, Sequence

from holle_tf.config import Config
from holle_tf.runs.run_folder import read_json
from holle_tf.system.child_process import end_with_parent
from holle_tf.system.console_logging import Console, configure_console, current_console, prefix_lines
from holle_tf.system.memory import keep_freed_memory
from pipelines.errors import UserError
from pipelines.parallel import cores
from tuning.plan import Plan, make_plan
from tuning.search import SearchTuner, is_listening

logger = logging.getLogger(__name__)

PATIENCE = 600  # seconds that a worker waits for its chief to start
POLL_INTERVAL = 0.5  # seconds between two checks of the workers
LAST_REPLIES = 1.0  # seconds for the last replies to reach the workers


@dataclass(frozen=True)
class Role:
    """What this process does in a search.

    Attributes:
        name: alone | local (chief of the workers that it starts) | chief | worker.
        tuner_id: unique name of a worker.
        host, port: address at which the chief listens.
    """

    name: str
    tuner_id: str = ""
    host: str = "127.0.0.1"
    port: int = 0


def choose_role(
    role: Optional[str], tuner_id: Optional[str], address: Optional[str], workers: int,
    environment: Mapping[str, str] = os.environ,
) -> Role:  # fmt: skip
    """The role by the flags or, without flags, by keras-tuner's environment variables.

    Args:
        role: chief, worker or None.
        address: host:port.
        workers: ``tuning.workers``.

    Raises:
        UserError: a flag is missing or wrong.
    """
    variables = [environment.get(f"KERASTUNER_{name}") for name in ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT")]
    if role is None and tuner_id is None and address is None and not all(variables):
        return Role("local") if workers > 1 else Role("alone")
    tuner_id = tuner_id or variables[0]
    if address is None and variables[1] and variables[2]:
        address = f"{variables[1]}:{variables[2]}"
    if role is None:
        role = "chief" if tuner_id and "chief" in tuner_id else "worker"
    if address is None:
        raise UserError(f"--tuner_role={role} needs --tuner_address=HOST:PORT, where the chief listens.")
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"--tuner_address={address}: expected HOST:PORT, as in 127.0.0.1:7700.")
    if role == "chief":
        return Role("chief", "chief", host, int(port))
    if not tuner_id or "chief" in tuner_id:
        raise UserError("a worker needs a unique name without 'chief' in it: --tuner_id=worker1.")
    return Role("worker", tuner_id, host, int(port))


def search_alone(plan: Plan) -> SearchTuner:
    """Run all trials in this process, one after the other."""
    tuner = SearchTuner(plan)
    tuner.search()
    return tuner


def lead(plan: Plan, role: Role) -> SearchTuner:
    """Act as the chief until all workers have finished their last trial.

    Raises:
        UserError: the port is in use, or all local workers ended before the search.
    """
    local = role.name == "local"
    host, port = role.host, role.port or _free_port()
    _check_free(host, port)
    _announce("chief", host, port)
    tuner = SearchTuner(plan)
    oracle = tuner.oracle
    threading.Thread(target=tuner.search, daemon=True).start()  # answers the workers, for ever
    while not is_listening("127.0.0.1" if host == "0.0.0.0" else host, port):
        time.sleep(POLL_INTERVAL)
    count = plan.config.tuning.workers
    workers = _start_workers(plan, count, host, port) if local else {}
    if local:
        logger.info(", ".join(f"{name} is process {process.pid}" for name, process in workers.items()))
    else:
        logger.info(
            f"the chief listens on {host}:{port}; start workers by the same command with "
            f"--tuner_role=worker --tuner_id=NAME --tuner_address={socket.gethostname()}:{port}"
        )
    try:
        _watch(oracle, workers, local)
    finally:
        time.sleep(LAST_REPLIES)
        for process in workers.values():
            if process.is_alive() and not oracle.over:
                process.terminate()
            process.join()
    return tuner


def work(config: Config, run_dir: Optional[str], teacher_runs: Optional[Sequence[str]], role: Role) -> None:
    """Run trials for a chief until there are no more.

    Raises:
        UserError: the chief does not answer, or it leads another search.
    """
    logger.info(f"{role.tuner_id} waits for the chief at {role.host}:{role.port}")
    end = time.monotonic() + PATIENCE
    while not is_listening(role.host, role.port):
        if time.monotonic() > end:
            raise UserError(
                f"--tuner_address={role.host}:{role.port}: no chief answers; start it (--tuner_role=chief)."
            )
        time.sleep(POLL_INTERVAL)
    # The chief listens only when data and teachers exist, so that none is made twice.
    plan = make_plan(config, run_dir, teacher_runs)
    if read_json(plan.folder / "search.json") != plan.identity:
        raise UserError(
            f"{plan.folder}: the chief's search is not here; start the worker by the chief's command, with "
            "folders that both can reach."
        )
    _search_for_chief(plan, role.tuner_id, role.host, role.port)


def _search_for_chief(plan: Plan, tuner_id: str, host: str, port: int) -> None:
    _announce(tuner_id, host, port)
    prefix_lines(f"{tuner_id}: ")
    SearchTuner(plan, (host, port)).search()


def _announce(tuner_id: str, host: str, port: int) -> None:
    """Set the environment variables that keras-tuner reads."""
    os.environ["KERASTUNER_TUNER_ID"] = tuner_id
    os.environ["KERASTUNER_ORACLE_IP"] = host
    os.environ["KERASTUNER_ORACLE_PORT"] = str(port)


def _watch(oracle: Any, workers: dict[str, BaseProcess], local: bool) -> None:
    ended: set[str] = set()
    while not oracle.over:
        time.sleep(POLL_INTERVAL)
        gone = {name for name, process in workers.items() if not process.is_alive()} - ended
        ended |= gone
        for name in [*sorted(gone), *oracle.silent_workers()]:
            trial_id = oracle.give_up(name)
            if trial_id:
                logger.warning(
                    f"{name} is lost; trial {int(trial_id) + 1} is {oracle.trials[trial_id].status.lower()}"
                )
        if local and len(ended) == len(workers) and not oracle.over:
            raise UserError("all workers ended before the search; run the same command to continue.")


def _start_workers(plan: Plan, count: int, host: str, port: int) -> dict[str, BaseProcess]:
    """Start local workers, which share the cores, and the GPUs if there are any."""
    import tensorflow as tf

    from holle_tf.system.devices import gpu_environment

    gpus = len(tf.config.list_physical_devices("GPU"))
    context = multiprocessing.get_context("spawn")
    workers: dict[str, BaseProcess] = {}
    for i in range(count):
        name = f"worker{i + 1}"
        share = gpu_environment(i, gpus) if gpus else {}
        threads = str(max(1, cores() // count))
        share.update({key: threads for key in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")})
        arguments = (plan, name, host, port, current_console())
        with _environment(share):  # TensorFlow reads these variables on import
            process = context.Process(target=_local_worker, args=arguments, name=name)
            process.start()
        workers[name] = process
    return workers


def _local_worker(plan: Plan, tuner_id: str, host: str, port: int, console: Console) -> None:
    end_with_parent()
    configure_console(console)
    keep_freed_memory()
    try:
        _search_for_chief(plan, tuner_id, host, port)
    except KeyboardInterrupt:  # reported by the chief
        os._exit(130)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _check_free(host: str, port: int) -> None:
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind((host, port))
        except OSError as error:
            raise UserError(
                f"--tuner_address={host}:{port}: cannot listen here ({error.strerror})."
            ) from error
