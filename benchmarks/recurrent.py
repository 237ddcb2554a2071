"""Compares a two-layer bidirectional GRU or LSTM of ours with Keras and, if installed, PyTorch.

    .venv/bin/python -m benchmarks.recurrent --lengths=128,256,1200

The implementations take turns on random inputs of 100 features, with 64 units; half of the rows are shorter
than the longest (PyTorch, which has no masks, reads the padding too). A training step computes the outputs
and the gradients of weights and inputs. The last line is JSON: medians in milliseconds, and each as a ratio
to Keras.
"""

from __future__ import annotations

import json
from typing import Any

import tensorflow as tf
from absl import app, flags
from rich.table import Table

from benchmarks.layers import FEATURES, Steps, keras_steps, make_inputs
from benchmarks.taking_turns import median_seconds
from holle_tf.drawing.terminal_table import print_table
from holle_tf.models.layers.bidirectional import BidirectionalRNN
from pipelines.errors import UserError
from pipelines.parallel import cores

_CELL = flags.DEFINE_enum("cell", "gru", ["gru", "lstm"], "kind of cell")
_LENGTHS = flags.DEFINE_list("lengths", ["128", "256", "1200"], "words of the longest text")
_UNITS = flags.DEFINE_integer("units", 64, "units of each direction", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch", 32, "texts in a batch", lower_bound=1)
_TORCH = flags.DEFINE_bool("torch", False, "require PyTorch, which is otherwise measured only if installed")
_STEPS = flags.DEFINE_integer("steps", 10, "timed steps of each, after two warm-up steps", lower_bound=1)
LAYERS = 2


def torch_steps(length: int) -> Steps:
    """Steps of PyTorch's layer; {} if PyTorch, which the project does not need, is not installed."""
    try:
        import torch  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        if _TORCH.value:
            raise UserError("--torch: PyTorch is not installed here (pip install torch).") from None
        return {}
    torch.set_num_threads(cores())
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[_CELL.value]
    layer = kind(FEATURES, _UNITS.value, LAYERS, batch_first=True, bidirectional=True)
    inputs = torch.from_numpy(make_inputs(_BATCH.value, length)[0]).requires_grad_(True)

    def infer() -> None:
        with torch.inference_mode():
            layer(inputs)

    def train() -> None:
        layer.zero_grad()
        layer(inputs)[0].square().sum().backward()

    return {"inference": infer, "training": train}


def make_variants(length: int) -> dict[str, Steps]:
    """Steps of every implementation by name."""
    kind = {"gru": tf.keras.layers.GRU, "lstm": tf.keras.layers.LSTM}[_CELL.value]
    keras = [tf.keras.layers.Bidirectional(kind(_UNITS.value, return_sequences=True)) for _ in range(LAYERS)]
    ours = [BidirectionalRNN(_CELL.value, _UNITS.value) for _ in range(LAYERS)]
    stacks = {"keras": keras, "holle_tf": ours}
    found = {name: keras_steps(stack, _BATCH.value, length) for name, stack in stacks.items()}
    torch = torch_steps(length)
    return {**found, "torch": torch} if torch else found


def measure(variants: dict[str, Steps], rounds: int, title: str) -> dict[str, dict[str, float]]:
    """Median milliseconds of every step of every variant; all of them take turns."""
    work = {(name, what): step for name, steps in variants.items() for what, step in steps.items()}
    medians: dict[str, dict[str, float]] = {}
    for (name, what), seconds in median_seconds(work, rounds, title=title).items():
        medians.setdefault(name, {})[what] = 1000 * seconds
    return medians


def main(_: list[str]) -> None:
    table = Table("words", "implementation", "training, ms", "ratio", "inference, ms", "ratio")
    report: dict[str, Any] = {}
    for length in map(int, _LENGTHS.value):
        medians = measure(make_variants(length), _STEPS.value, f"{length} words")
        for name, found in medians.items():
            ratios = {what: found[what] / medians["keras"][what] for what in found}
            cells = [f"{x:.2f}" for what in ("training", "inference") for x in (found[what], ratios[what])]
            table.add_row(str(length), name, *cells)
            report.setdefault(str(length), {})[name] = {"ms": found, "ratio": ratios}
    print_table(table, f"{_CELL.value}, batch {_BATCH.value}")
    print(json.dumps({"cell": _CELL.value, "batch": _BATCH.value, "units": _UNITS.value, "lengths": report}))


if __name__ == "__main__":
    app.run(main)
