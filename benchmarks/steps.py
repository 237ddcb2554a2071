"""Times training steps and inference of models and number formats, in strict alternation.

    .venv/bin/python -m benchmarks.steps --variants=sam:none,bidaf:none,qanet:none,qanet:bfloat16

Every variant is a model and a number format (none | bfloat16 | float16). Weights, words and labels are
random; sizes are the published ones unless ``--preset=demo``. The last line is JSON: medians in
milliseconds, and each as a ratio to the first variant's.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from absl import app, flags
from rich.table import Table

from benchmarks.models import make_steps
from benchmarks.taking_turns import median_seconds
from holle_tf.catalogue import MODELS
from holle_tf.config_sources import load_config, preset
from holle_tf.distill.precision import POLICIES
from holle_tf.drawing.terminal_table import print_table
from holle_tf.system.memory import keep_freed_memory
from pipelines.errors import UserError

_VARIANTS = flags.DEFINE_list("variants", ["sam:none", "bidaf:none", "qanet:none"], "model:format, ...")
_PRESET = flags.DEFINE_string("preset", "", "configuration preset, e.g. demo; empty = published sizes")
_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 10, "timed steps of each, after two warm-up steps", lower_bound=1)


def steps_of(variant: str) -> dict[str, Callable[[], Any]]:
    """A training step and a reading of a batch, by name."""
    name, _, precision = variant.partition(":")
    if name not in MODELS or precision not in POLICIES:
        raise UserError(
            f"--variants={variant}: expected one of {list(MODELS)}, a colon, one of {list(POLICIES)}."
        )
    config = load_config([preset(_PRESET.value)] if _PRESET.value else [], flags={"model": name})
    return make_steps(config, precision, _BATCH.value, _DOCUMENT.value, _CONTEXT.value)


def main(_: list[str]) -> None:
    keep_freed_memory()  # as the command line does
    variants = _VARIANTS.value
    work = {(variant, what): step for variant in variants for what, step in steps_of(variant).items()}
    medians = {key: 1000 * seconds for key, seconds in median_seconds(work, _STEPS.value).items()}
    table = Table("variant", "training step, ms", "ratio", "inference, ms", "ratio")
    report: dict[str, dict[str, dict[str, float]]] = {}
    for variant in variants:
        row = [variant]
        report[variant] = {}
        for what in ("training", "inference"):
            ratio = medians[variant, what] / medians[variants[0], what]
            report[variant][what] = {"ms": round(medians[variant, what], 2), "ratio": round(ratio, 3)}
            row += [f"{medians[variant, what]:.1f}", f"{ratio:.2f}"]
        table.add_row(*row)
    print_table(table)
    print(json.dumps({"document": _DOCUMENT.value, "batch": _BATCH.value, "variants": report}))


if __name__ == "__main__":
    app.run(main)
