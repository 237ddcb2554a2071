"""``--mode=benchmark``: memory and time of all models."""

from __future__ import annotations

import json
from typing import Optional

from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table
from holle_tf.training.benchmark import inference_table, run_benchmark, training_table

SETUPS = ("sd", "ld")  # of the paper


def benchmark_mode(config: Config, setup: Optional[str] = None) -> None:
    """Measure memory and time of every model, as in the paper's tables 1 and 5; the last line is JSON.

    Args:
        setup: setup of the documents; by default those of the paper, of which training reads the first.
    """
    setups = [setup] if setup else SETUPS
    report = run_benchmark(config, setups)
    print_table(inference_table(report["inference"]), "inference on the test split (table 1)")
    print_table(training_table(report["training"]), f"training, {setups[0]} (table 5)")
    print(json.dumps(report))
