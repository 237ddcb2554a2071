"""Does pieces of work under one TensorFlow, one at a time, as ``benchmarks.pairs`` asks for them.

    python -m benchmarks.pair_worker --exports=FOLDER

The first line of the output is JSON: the version of TensorFlow, and the names of the work. Then every line of
the input is such a name. It is answered with a line when the work is done.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, Callable

import holle_tf  # isort: skip  # noqa: F401  before TensorFlow, whose options it sets
import tensorflow as tf
from absl import app, flags

from benchmarks.layers import Steps, keras_steps
from benchmarks.models import WORDS, make_steps
from benchmarks.untrained_exports import CONTEXT
from holle_tf.config_sources import load_config
from holle_tf.export.readback import load_reader, random_words
from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.models.sam import INPUTS
from pipelines.parallel import cores

_MODELS = flags.DEFINE_list("models", ["sam", "sam_match", "bidaf", "qanet"], "models")
_WORDS = flags.DEFINE_integer("words", 256, "words of a document")
_BATCH = flags.DEFINE_integer("batch", 32, "documents in a batch, except of the exports")
_EXPORTS = flags.DEFINE_string(
    "exports", None, "folder of exports, each named after its format", required=True
)
BATCHES, DOCUMENTS = 5, 50  # of a turn of layers, and of exports


def models() -> Steps:
    """Steps of the models at the published sizes."""
    found = {}
    for model in _MODELS.value:
        config = load_config(flags={"model": model})
        steps = make_steps(config, "none", _BATCH.value, _WORDS.value, CONTEXT)
        found.update({f"{model}, {what}": step for what, step in steps.items()})
    return found


def recurrences() -> Steps:
    """Steps of two bidirectional layers, ours."""
    found = {}
    for cell, units in (("gru", 64), ("lstm", 100)):
        steps = keras_steps([BidirectionalRNN(cell, units) for _ in range(2)], _BATCH.value, _WORDS.value)
        for what, step in steps.items():
            found[f"{cell.upper()} of {units} units, {what}, {BATCHES} batches"] = repeated(step, BATCHES)
    return found


def exports() -> Steps:
    """A document, read by every export of the folder."""
    given = random_words(INPUTS, _WORDS.value, vocabulary=WORDS)
    found: Steps = {}
    for path in sorted(Path(_EXPORTS.value).iterdir()):
        read = partial(load_reader(path.name, path, threads=cores()), given)
        found[f"{path.name} export, {DOCUMENTS} documents"] = repeated(read, DOCUMENTS)
    return found


def repeated(step: Callable[[], Any], times: int) -> Callable[[], None]:
    """A short step several times, or it would mostly be timed with the caches that the other process left."""

    def steps() -> None:
        for _ in range(times):
            step()

    return steps


def main(_: list[str]) -> None:
    work = {**models(), **recurrences(), **exports()}
    print(json.dumps({"tensorflow": tf.__version__, "names": list(work)}), flush=True)
    for line in sys.stdin:
        work[line.rstrip("\n")]()
        print(flush=True)


if __name__ == "__main__":
    app.run(main)
