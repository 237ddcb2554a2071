"""The devices that train one model together, and how a process notices that another one was lost."""

from __future__ import annotations

import functools
import logging
import os
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Callable, ContextManager, Iterator, Mapping, Optional

import tensorflow as tf

from holle_tf.distill.shares import shares
from holle_tf.distill.teacher_cache import ALONE, Readers
from holle_tf.options.strategy import StrategyConfig
from holle_tf.system.cluster import (
    POLL_SECONDS,
    Awaited,
    Cluster,
    check_free,
    is_listening,
    read_cluster,
    wait_for,
)
from holle_tf.system.data_order import ResumeDataOrder
from holle_tf.system.rendezvous import rendezvous
from pipelines.errors import UserError

logger = logging.getLogger(__name__)

# What TensorFlow raises when another process has ended or was restarted.
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError)


def gpu_environment(number: int, count: int) -> dict[str, str]:
    """Environment variables with which a process sees only one of the ``count`` GPUs that this one sees.

    Processes take turns by their ``number``. If there are more of them than GPUs, some share a GPU; none
    takes more of its memory than it needs.
    """
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = seen.split(",") if seen else [str(i) for i in range(count)]
    return {"CUDA_VISIBLE_DEVICES": names[number % count].strip(), "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


class PeerLost(Exception):
    """Another process of the cluster ended or was restarted; this one has to restart as well."""


@dataclass(frozen=True)
class Devices:
    """The devices that train one model.

    Attributes:
        kind: one | mirrored | multiworker.
        cluster: the processes of multiworker; otherwise this process alone.
        options: say how long to wait for others.
        strategy: None for the kind one, and before ``start``.
    """

    kind: str = "one"
    cluster: Cluster = Cluster()
    options: StrategyConfig = StrategyConfig()
    strategy: Optional[tf.distribute.Strategy] = None

    @property
    def chief(self) -> bool:
        """Whether this process writes the files."""
        return self.cluster.chief

    @property
    def replicas(self) -> int:
        """The number of devices that share a batch."""
        return self.strategy.num_replicas_in_sync if self.strategy is not None else 1

    def scope(self) -> ContextManager[Any]:
        """The context in which the models that a training uses must be created."""
        return self.strategy.scope() if self.strategy is not None else nullcontext()

    def check(self, training: Any, section: str) -> None:
        """Raise a UserError if these devices cannot train as a ``TrainingConfig`` says.

        Args:
            section: of the configuration that ``training`` comes from, for the message.
        """
        if training.batch_size % self.replicas:
            raise UserError(
                f"{section}.batch_size={training.batch_size}: {self.replicas} devices share the batch,"
                f" so this has to be a multiple of {self.replicas}."
            )
        if training.jit and self.strategy is not None:
            raise UserError(f"{section}.jit: does not work with --strategy={self.kind}; set it to false.")

    def sum_over_processes(self, value: float) -> float:
        """The sum of the values that all processes pass; returns when all have called this."""
        if self.strategy is None or len(self.cluster.addresses) == 1:
            return value
        share = value * len(self.cluster.addresses) / self.replicas  # of each device of this process
        return float(_summing(self.strategy)(tf.constant(share)))

    def barrier(self) -> None:
        """Return when all processes have called this."""
        self.sum_over_processes(0.0)

    def wait_for(self, found: Callable[[], Any], what: Awaited) -> Any:
        """See ``cluster.wait_for``."""
        remedy = "is it running, and are --runs_dir and all other options the same?"
        return wait_for(found, what, self.options.wait_seconds, remedy)

    def readers(self) -> Readers:
        """How these processes share the examples that a teacher reads."""
        count = len(self.cluster.addresses)
        return Readers(count, self.cluster.index, self.barrier) if count > 1 else ALONE

    def distribute(self, batches: Callable[[], tf.data.Dataset], steps: int) -> tuple[Any, Any]:
        """Shares of batches for ``fit``, and a callback that resumes their order after an interruption.

        Args:
            batches: makes the whole batches; one iteration is one epoch.
            steps: of one epoch.
        """
        assert self.strategy is not None
        made: list[tf.data.Dataset] = []

        def local_shares(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = self.replicas // context.num_input_pipelines
            first = context.input_pipeline_id * local
            made.append(shares(batches(), self.replicas, range(first, first + local)))
            # Keras makes only one iterator over a distributed dataset.
            return made[0].repeat()

        distributed = self.strategy.distribute_datasets_from_function(local_shares)
        return distributed, ResumeDataOrder(made, steps, idle=1)

    @contextmanager
    def detecting_lost_peers(self) -> Iterator[None]:
        """A context in which ``PeerLost`` is raised when another process ends."""
        try:
            yield
        except _LOST as error:
            if len(self.cluster.addresses) == 1:
                raise
            raise PeerLost(str(error).strip().splitlines()[-1]) from error


SINGLE_DEVICE = Devices()


def choose_devices(options: StrategyConfig, environment: Mapping[str, str] = os.environ) -> Devices:
    """The devices that ``--strategy`` chooses on this machine, not started yet.

    Raises:
        UserError: ``TF_CONFIG`` is broken or missing, or there are too few devices.
    """
    kind, gpus = options.kind, len(tf.config.list_physical_devices("GPU"))
    cluster = read_cluster(environment) if kind in ("auto", "multiworker") else None
    if kind == "auto":
        if cluster is not None and len(cluster.addresses) > 1:
            kind = "multiworker"
        else:
            kind = "mirrored" if (options.devices or gpus) > 1 else "one"
    if kind == "one":
        return SINGLE_DEVICE
    if kind == "multiworker":
        if cluster is None:
            raise UserError("--strategy=multiworker needs TF_CONFIG in the environment; see docs/scaling.md.")
        return Devices(kind, cluster, options)
    if not gpus and not options.devices:
        raise UserError(
            "--strategy=mirrored: no GPU is visible; --set strategy.devices=2 splits the CPU into two."
        )
    if gpus and options.devices > gpus:
        raise UserError(f"strategy.devices={options.devices}: there are only {gpus} visible GPUs; lower it.")
    return Devices(kind, options=options)


def start(devices: Devices) -> Devices:
    """Start the devices, before any computation; with multiworker, returns when all processes are there.

    Raises:
        UserError: a port is taken, or the chief does not answer in time.
        PeerLost: another process was restarted meanwhile.
    """
    if devices.kind == "one":
        return devices
    if devices.kind == "mirrored":
        os.environ.pop("TF_CONFIG", None)  # TensorFlow would read it, even if it is empty
        strategy: tf.distribute.Strategy = tf.distribute.MirroredStrategy(
            _local_names(devices.options.devices)
        )
        logger.info(f"--strategy=mirrored: {strategy.num_replicas_in_sync} devices share every batch")
        return _started(devices, strategy)
    cluster = devices.cluster
    check_free(cluster.addresses[cluster.index])
    rendezvous(cluster, devices.wait_for)
    _listening.append(cluster)
    with devices.detecting_lost_peers():
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    logger.info(
        f"--strategy=multiworker: {cluster.name}, {strategy.num_replicas_in_sync} devices share every batch"
        + (" (chief)" if cluster.chief else "")
    )
    return _started(devices, strategy)


def restart_process(options: StrategyConfig) -> None:
    """Replace this process by a new one with the same command, which resumes after the last complete epoch.

    TensorFlow cannot reconnect to a process that it has lost, so all processes need a new rendezvous.

    Raises:
        UserError: this has happened ``strategy.restarts`` times.
    """
    count = int(os.environ.get(_RESTARTS, "0")) + 1
    if count > options.restarts:
        raise UserError(f"other processes were lost {options.restarts} times (strategy.restarts); stopping.")
    logger.warning(f"another process was lost; restarting ({count} of {options.restarts})")
    time.sleep(min(count, 5))  # a process that is still starting needs a moment, and has to restart too
    os.environ[_RESTARTS] = str(count)
    sys.stdout.flush()
    sys.stderr.flush()
    # sys.orig_argv is newer than Python 3.9.
    os.execv(sys.executable, [sys.executable, "-m", "holle_tf.main", *sys.argv[1:]])


def end_process(status: int) -> None:
    """End this process at once if it listens for others: TensorFlow's server cannot be stopped otherwise.

    After a success the chief ends last, since the other processes still need it.
    """
    if not _listening:
        return
    cluster = _listening[-1]
    others = [address for i, address in enumerate(cluster.addresses) if i != cluster.index]
    deadline = time.monotonic() + _GOODBYE_SECONDS
    while status == 0 and cluster.chief and time.monotonic() < deadline and any(map(is_listening, others)):
        time.sleep(POLL_SECONDS)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


_RESTARTS = "HOLLE_TF_RESTARTS"
_GOODBYE_SECONDS = 10.0
_listening: list[Cluster] = []  # clusters in which this process has started a server


class StopTogether(tf.keras.callbacks.Callback):
    """Stops training in all processes when one of them stops; must come after the callback that decides."""

    def __init__(self, devices: Devices):
        super().__init__()
        self._devices = devices

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._devices.sum_over_processes(float(self.model.stop_training)):
            self.model.stop_training = True


@functools.cache
def _summing(strategy: tf.distribute.Strategy) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function (scalar of each device of this process) -> sum over the devices of all processes."""

    @tf.function
    def total(value: tf.Tensor) -> tf.Tensor:
        each = strategy.run(tf.identity, (value,))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, each, axis=None)

    return total


def _local_names(count: int) -> Optional[list[str]]:
    """Names of the devices of a mirrored strategy; None = all GPUs."""
    if tf.config.list_physical_devices("GPU"):
        return [f"/gpu:{i}" for i in range(count)] if count else None
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    return [f"/cpu:{i}" for i in range(count)]


def _started(devices: Devices, strategy: tf.distribute.Strategy) -> Devices:
    return Devices(devices.kind, devices.cluster, devices.options, strategy)
