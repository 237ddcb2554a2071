"""Measures the time inside TensorFlow's operations with its profiler."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

# Kinds of operations by parts of their names in the trace; the first match counts.
KINDS = (
    ("recurrences", ("PyFunc",)),
    ("products of a batch of matrices", ("BatchMatMul",)),
    ("matrix products", ("MatMul",)),
    ("convolutions", ("Conv",)),
    ("softmax", ("Softmax",)),
    ("random numbers", ("Random",)),
    ("sums and means", ("Sum", "Mean", "BiasAddGrad", "AddN", "L2Loss", "Max")),
    ("layout: transposes, joins, pieces", ("Transpose", "Concat", "Split", "Slice", "Pack", "Tile", "Pad")),
    ("looking up and counting", ("Gather", "Unique", "Segment", "Scatter", "Where")),
    ("casts", ("Cast",)),
    ("weights: averages and their updates", ("Assign", "ReadVariable", "ResourceApply")),
)
ELEMENTWISE = "elementwise"


def kind_of(operation: str) -> str:
    """The kind, in ``KINDS``, of a type of TensorFlow operation."""
    return next((kind for kind, parts in KINDS if any(part in operation for part in parts)), ELEMENTWISE)


def trace(step: Callable[[], Any], steps: int) -> Counter[str]:
    """Milliseconds of core time per step, by type of operation."""
    space = xplane_pb2.XSpace()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(steps):
            step()
        tf.profiler.experimental.stop()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    found: Counter[str] = Counter()
    for plane in space.planes:
        if plane.name != "/host:CPU":
            continue
        for line in plane.lines:
            for event in line.events:
                # An operation is "name:Type". Skip "EagerLocalExecute: name", the whole function, and
                # "ExecutorState::Process", which runs its operations and includes their time.
                name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                around = name.startswith(("Eager", "end", "$")) or name.endswith(":")
                if name and kind.lstrip("_").isalnum() and not around:
                    found[kind] += event.duration_ps / 1e9 / steps
    return found
