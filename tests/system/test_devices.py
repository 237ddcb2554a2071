"""Processes that train one model over loopback, as one process would."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
import tensorflow as tf

from holle_tf.config import to_yaml
from holle_tf.options.strategy import StrategyConfig
from holle_tf.runs.run_folder import RunFolder
from holle_tf.system.devices import SINGLE_DEVICE, Devices, choose_devices, gpu_environment
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError

# 50 examples in batches of 16: the last one has two rows. Dropout would draw other numbers in each process.
EQUAL = (
    "demo.train_examples=50",
    "recipe=add_train",
    "sam.dropout=0.0",
    "training.sam.epochs=6",
    "training.sam.patience=100",
    "training.sam.optimizer=adadelta",
    "training.sam.learning_rate=1.0",
    "training.sam.clip_norm=1.0",
    "training.sam.ema_decay=0.9",
    "distill.conicity_weight=0.5",
    "strategy.wait_seconds=60",
)
SECONDS = 150  # for all of it, on a busy machine


@pytest.fixture
def two(free_addresses):
    """``TF_CONFIG`` of each of two processes."""
    cluster = {"worker": free_addresses(2)}
    return [json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}}) for i in range(2)]


@pytest.fixture
def start(tmp_path):
    """Function (name, configuration, TF_CONFIG, flags) -> a process that trains; all end with the test."""
    processes = []

    def begin(name, config, tf_config, *flags):
        (tmp_path / "config.yaml").write_text(to_yaml(config))
        command = [sys.executable, "-m", "holle_tf.main", "--mode=train", f"--config={tmp_path}/config.yaml"]
        environment = {**os.environ, "TF_CONFIG": tf_config, "TF_NUM_INTEROP_THREADS": "2"}
        with open(tmp_path / f"{name}.log", "a") as log:
            process = subprocess.Popen([*command, *flags], env=environment, stdout=log, stderr=log)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def _end(processes, tmp_path):
    end = time.monotonic() + SECONDS
    while any(process.poll() is None for process in processes) and time.monotonic() < end:
        time.sleep(0.1)
    codes = [process.poll() for process in processes]  # None if a process has not ended
    said = "".join(f"{path.name}: {path.read_text()[-5000:]}\n" for path in sorted(tmp_path.glob("*.log")))
    assert codes == [0] * len(processes), said
    return said


def _weights(run):
    found = []
    with h5py.File(run.weights) as file:
        file.visititems(lambda _, item: found.append(item[()].ravel()) if hasattr(item, "shape") else None)
    return np.concatenate(found)


def _assert_as_alone(run, alone):
    lines, expected = run.epochs(), alone.epochs()
    assert [line["epoch"] for line in lines] == [line["epoch"] for line in expected]
    for name in ("loss", "labels", "conicity", "val_loss"):
        values = [[line[name] for line in epochs] for epochs in (lines, expected)]
        np.testing.assert_allclose(*values, rtol=2e-4, err_msg=name)
    np.testing.assert_allclose(_weights(run), _weights(alone), atol=1e-4)
    assert run.result()["epochs"] == alone.result()["epochs"]


@pytest.fixture
def alone(tiny, prepared_equal):
    """The run of one process."""
    return ensure_run(tiny(*EQUAL), prepared_equal)


@pytest.fixture
def prepared_equal(tiny):
    from holle_tf.runs.data import open_data

    return open_data(tiny(*EQUAL))


@pytest.mark.slow
def test_two_devices_of_one_process_reach_the_weights_of_one(tiny, alone, start, tmp_path):
    folder = tmp_path / "mirrored"
    flags = [f"--run_dir={folder}", "--strategy=mirrored", "--set", "strategy.devices=2"]
    said = _end([start("mirrored", tiny(*EQUAL), "", *flags)], tmp_path)
    assert "--strategy=mirrored: 2 devices share every batch" in said
    _assert_as_alone(RunFolder(folder), alone)


@pytest.mark.slow
def test_two_processes_reach_the_weights_of_one_though_one_is_killed(tiny, alone, two, start, tmp_path):
    run, config = RunFolder(tmp_path / "two"), tiny(*EQUAL)
    both = [start(f"w{i}", config, text, f"--run_dir={run.path}") for i, text in enumerate(two)]
    end = time.monotonic() + SECONDS
    while len(run.epochs()) < 2:
        assert time.monotonic() < end and both[0].poll() is None
        time.sleep(0.02)
    os.kill(both[1].pid, signal.SIGKILL)
    both[1].wait()
    both[1] = start("w1", config, two[1], f"--run_dir={run.path}")
    said = _end(both, tmp_path)
    assert "process 1 of 2, 2 devices" in said and "process 2 of 2" in said
    assert said.count("another process was lost; restarting") == 1
    _assert_as_alone(run, alone)
    assert not list(run.path.rglob("*temp*"))  # what the second process wrote is gone


def test_what_auto_means_depends_on_the_machine_and_the_cluster(monkeypatch, two):
    gpus = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: gpus)
    cluster = json.loads(two[1])
    several = {"TF_CONFIG": json.dumps(cluster)}
    assert choose_devices(StrategyConfig(), {}) == SINGLE_DEVICE
    assert choose_devices(StrategyConfig(), several).kind == "multiworker"
    assert not choose_devices(StrategyConfig(), several).chief
    cluster = {"cluster": {"worker": ["here:1"]}, "task": {"type": "worker", "index": 0}}
    assert choose_devices(StrategyConfig(), {"TF_CONFIG": json.dumps(cluster)}) == SINGLE_DEVICE
    assert choose_devices(StrategyConfig("one"), {"TF_CONFIG": "broken"}) == SINGLE_DEVICE
    gpus.append("a GPU")
    assert choose_devices(StrategyConfig(), {}) == SINGLE_DEVICE
    gpus.append("another")
    assert choose_devices(StrategyConfig(), {}).kind == "mirrored"


@pytest.mark.parametrize(
    "options, said",
    [
        (StrategyConfig("multiworker"), "needs TF_CONFIG"),
        (StrategyConfig("mirrored"), "no GPU is visible"),
    ],
)
def test_what_is_missing_is_said(options, said):
    with pytest.raises(UserError, match=re.escape(said)):
        choose_devices(options, {})


def test_processes_take_turns_at_the_gpus_that_the_user_gave(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [gpu_environment(i, 2)["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["0", "1", "0"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 3")
    assert [gpu_environment(i, 2)["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["2", "3", "2"]


class _Three:
    num_replicas_in_sync = 3


def test_a_batch_that_cannot_be_shared_evenly_is_an_error(tiny, prepared, tmp_path):
    with pytest.raises(UserError, match="training.sam.batch_size=16: .* multiple of 3"):
        ensure_run(tiny(*EQUAL), prepared, tmp_path / "run", devices=Devices(strategy=_Three()))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "index, missing",
    [(0, r"127\.0\.0\.1:\d+ \(process 2\) of 2 processes"), (1, r"the chief at 127\.0\.0\.1:\d+")],
)
def test_who_does_not_come_is_said_in_one_line(tiny, prepared_equal, two, start, tmp_path, index, missing):
    process = start("alone", tiny(*EQUAL, "strategy.wait_seconds=1"), two[index])
    assert process.wait(SECONDS) == 2
    last = (tmp_path / "alone.log").read_text().splitlines()[-1]
    assert re.match(f"error: waited 1 s for {missing}; is it running", last)
