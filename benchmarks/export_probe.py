"""Measures an export in a process of its own, which ``benchmarks.exports`` starts.

    python benchmarks/export_probe.py onnx FOLDER 256,1200 VOCABULARY

It imports neither this package nor a runtime that the format does not need, so that start-up time and memory
are those of a client. It uses one core. The last line is JSON.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

BEGAN = time.perf_counter()
LONGEST, MOST = 1.5, 11  # limits to the timed calls of a length: total seconds, and number
CONTEXT_WORDS = 24  # of the query and of each history
NAMES = ("document", "query", "prober_history", "responder_history")


def use_one_core() -> None:
    """Bind this process to one core; call it before importing a runtime."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def reader(name: str, folder: str, vocabulary: int) -> tuple[Callable[[int], Any], Callable[[Any], Any]]:
    """A function that makes the inputs for a document of so many words, and a function that reads them."""
    import numpy as np

    words = (
        open(f"{folder}/1/assets/vocab.txt", encoding="utf-8").read().split() if name == "savedmodel" else []
    )
    rng = np.random.default_rng(0)
    rules = Path(folder) / "tokenizer.json"
    keyed = rules.exists() and "keys" in json.loads(rules.read_text(encoding="utf-8"))

    def ids(count: int) -> dict[str, np.ndarray]:
        lengths = {text: count if text == "document" else CONTEXT_WORDS for text in NAMES}
        found = {text: rng.integers(2, vocabulary, (1, n)).astype(np.int32) for text, n in lengths.items()}
        if keyed:  # a word's id serves as its key
            found.update({f"{text}_keys": row for text, row in list(found.items())})
        return found

    if name == "savedmodel":  # reads text
        import tensorflow as tf

        predict = tf.saved_model.load(f"{folder}/1").signatures["serving_default"]

        def texts(count: int) -> dict[str, tf.Tensor]:
            return {
                text: tf.constant([" ".join(words[i] for i in row[0])]) for text, row in ids(count).items()
            }

        return texts, lambda given: predict(**given)
    if name == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=providers)
        return ids, lambda given: session.run(None, given)
    import tensorflow as tf

    signature = tf.lite.Interpreter(f"{folder}/model.tflite", num_threads=1).get_signature_runner()
    return ids, lambda given: signature(**given)


def median_milliseconds(call: Callable[[], Any]) -> float:
    """Median of at most MOST calls, which take at most about LONGEST seconds together."""
    seconds: list[float] = []
    while len(seconds) < MOST and sum(seconds) < LONGEST:
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return 1000 * sorted(seconds)[len(seconds) // 2]


def peak_memory_mb() -> float:
    """Largest resident memory of this process, in MB (10^6 bytes)."""
    import resource

    try:  # ru_maxrss starts at the size of the parent process
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def main() -> None:
    use_one_core()
    name, folder, lengths, vocabulary = sys.argv[1:]
    make, read = reader(name, folder, int(vocabulary))
    first, *_ = counts = [int(length) for length in lengths.split(",")]
    read(make(first))
    found: dict = {"start_seconds": time.perf_counter() - BEGAN, "ms": {}}
    for count in counts:
        given = make(count)
        read(given)
        found["ms"][str(count)] = median_milliseconds(functools.partial(read, given))
        if count == counts[min(1, len(counts) - 1)]:
            found["memory_mb"] = peak_memory_mb()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
