"""Measures throughput of training by one process and by several processes that share every batch.

    .venv/bin/python -m benchmarks.strategy --models=sam,qanet

The processes communicate over loopback. Each has an equal share of this machine's cores, and so has the
single process, so that one worker is compared with several as on several machines; another measurement gives
the single process all cores. Sizes are the published ones unless ``--preset=demo``; words and labels are
random, and all batches have the same shape. The last line is JSON: examples per second, and megabytes that
every step exchanges.
"""

from __future__ import annotations

import functools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext
from typing import Any

from absl import app, flags
from rich.table import Table

_MODELS = flags.DEFINE_list("models", ["sam", "qanet"], "sam, bidaf, qanet")
_PRESET = flags.DEFINE_string("preset", "", "configuration preset, e.g. demo; empty = published sizes")
_WORKERS = flags.DEFINE_integer("workers", 2, "processes", lower_bound=2)
_BATCH = flags.DEFINE_integer("batch", 32, "examples of all processes together", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 8, "timed steps of each, after two warm-up steps", lower_bound=1)
_MODEL = flags.DEFINE_string("model", "", "model of a process that this benchmark started")


def train(model: str) -> dict[str, float]:
    """Median seconds of a step with the processes of ``TF_CONFIG``, and the megabytes that it exchanges."""
    import tensorflow as tf

    from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
    from holle_tf.config_sources import load_config, preset
    from holle_tf.distill.shares import shares
    from holle_tf.models.parameters import trainable_parameters

    strategy = tf.distribute.MultiWorkerMirroredStrategy() if "TF_CONFIG" in os.environ else None
    config = load_config([preset(_PRESET.value)] if _PRESET.value else [], flags={"model": model})
    with strategy.scope() if strategy else nullcontext():
        distiller = make_distiller(config, "none", WORDS, CHARACTERS)
    batch = random_batch(config.inputs_of(model), _BATCH.value, _DOCUMENT.value, _CONTEXT.value, config)
    batches = tf.data.Dataset.from_tensors(batch).cache().repeat()
    seconds: list[float] = []

    class Clock(tf.keras.callbacks.Callback):
        def on_train_batch_begin(self, step: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_train_batch_end(self, step: int, logs: Any = None) -> None:
            float(logs["loss"])  # waits for the step
            seconds.append(time.perf_counter() - self.began)

    given: Any = batches
    if strategy is not None:
        count = strategy.num_replicas_in_sync
        given = strategy.distribute_datasets_from_function(
            lambda context: shares(batches, count, range(context.input_pipeline_id, count)[:1])
        )
    distiller.fit(given, steps_per_epoch=_STEPS.value + 2, verbose=0, callbacks=[Clock()])
    parameters = trainable_parameters(distiller.student)
    return {"seconds": statistics.median(seconds[2:]), "megabytes": 4 * parameters / 1e6}


def measure(model: str, workers: int, threads: int) -> dict[str, float]:
    """Results of ``train`` for ``workers`` processes, each with ``threads`` threads for operations."""
    ports = [socket.socket() for _ in range(workers)]
    for port in ports:
        port.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{port.getsockname()[1]}" for port in ports]
    for port in ports:
        port.close()
    own = [
        f"--{name}={flags.FLAGS[name].value}" for name in ("preset", "batch", "document", "context", "steps")
    ]
    processes = []
    for index in range(workers):
        limits = {key: str(threads) for key in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")}
        environment = {**os.environ, **limits, "TF_NUM_INTEROP_THREADS": "2"}
        if workers > 1:
            task = {"type": "worker", "index": index}
            environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
        command = [sys.executable, "-m", "benchmarks.strategy", f"--model={model}", *own]
        cores = sorted(os.sched_getaffinity(0))
        mine = cores[index * threads : (index + 1) * threads] or cores
        processes.append(
            subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, text=True,
                preexec_fn=functools.partial(os.sched_setaffinity, 0, mine),
            )
        )  # fmt: skip
    found = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"{model}: a process of {workers} failed")
    return json.loads(found[0].splitlines()[-1])


def main(_: list[str]) -> None:
    if _MODEL.value:
        print(json.dumps(train(_MODEL.value)), flush=True)
        time.sleep(1)  # the others may still communicate with this process
        os._exit(0)  # TensorFlow's server cannot be stopped otherwise
    from holle_tf.drawing.terminal_table import print_table
    from pipelines.parallel import cores

    share = max(1, cores() // _WORKERS.value)
    rows: dict[str, dict[str, float]] = {}
    table = Table(
        "model",
        "1 process, examples/s",
        f"{_WORKERS.value} processes, examples/s",
        "ratio",
        "1 process, all cores",
        "MB per step",
    )
    for model in _MODELS.value:
        single = measure(model, 1, share)
        all_cores = measure(model, 1, cores())
        several = measure(model, _WORKERS.value, share)
        rates = {
            name: _BATCH.value / found["seconds"]
            for name, found in (("one", single), ("several", several), ("all_cores", all_cores))
        }
        rows[model] = {**rates, "ratio": rates["several"] / rates["one"], "megabytes": single["megabytes"]}
        cells = [f"{rates['one']:.1f}", f"{rates['several']:.1f}", f"{rows[model]['ratio']:.2f}"]
        table.add_row(model, *cells, f"{rates['all_cores']:.1f}", f"{single['megabytes']:.1f}")
    print_table(table)
    print(json.dumps({"workers": _WORKERS.value, "cores_each": share, "batch": _BATCH.value,
                      "document": _DOCUMENT.value, "models": rows}))  # fmt: skip


if __name__ == "__main__":
    app.run(main)
