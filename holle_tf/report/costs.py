"""The measurements of tables 1 and 5, made once for each machine and kept beside the runs."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Sequence

from holle_tf.catalogue import MODELS
from holle_tf.config import Config, to_dict
from holle_tf.report.tables import SETUPS
from holle_tf.report.timing import REMEDY
from holle_tf.runs.data import find_data
from holle_tf.runs.run_folder import read_json, versions, write_text
from holle_tf.system.machine import machine
from holle_tf.training.benchmark import run_benchmark
from pipelines.files import json_sha256

logger = logging.getLogger(__name__)

KEPT = "costs.json"  # in ``runs_dir``
# Options of a training that do not change the time of a step.
OF_RUNS = ("epochs", "patience", "best_by", "keep_state")


def measure_costs(
    config: Config, setups: Sequence[str], runs_dir: Path, existing: bool
) -> Optional[dict[str, Any]]:
    """Measure tables 1 and 5, or find earlier measurements of the same models and data in ``runs_dir``.

    Args:
        setups: kinds of documents for which inference is measured.
        existing: measure nothing.

    Returns:
        The result of ``run_benchmark``; None if ``existing`` finds no measurements.
    """
    path = runs_dir / KEPT
    kept = read_json(path, REMEDY) or {}
    for measured in (setups, list(SETUPS)):  # measurements of all setups serve for some of them too
        if (key := _key(config, measured)) in kept:
            logger.info(f"costs: found in {path}")
            return kept[key]["result"]
    if existing:
        return None
    logger.info("== tables 1 and 5: memory and time of each model, each in its own process")
    result = run_benchmark(config, list(setups))
    kept = read_json(path, REMEDY) or {}  # another report may have added measurements
    key = _key(config, setups)  # of the data, which are prepared now
    # The setups and date are for people who read the file.
    kept[key] = {"setups": list(setups), "date": time.strftime("%Y-%m-%d"), "result": result}
    runs_dir.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(kept, indent=1))
    return result


def _key(config: Config, setups: Sequence[str]) -> str:
    """Digest of everything that decides a measurement. Without prepared data it is that of none."""
    sections = {name: to_dict(getattr(config, name)) for name in (*MODELS, "evaluation")}
    training = {
        model: {
            name: value for name, value in to_dict(config.training_of(model)).items() if name not in OF_RUNS
        }
        for model in MODELS
    }
    data = {}
    for setup in setups:
        prepared = find_data(replace(config, data=replace(config.data, setup=setup)))
        data[setup] = prepared.fingerprint if prepared is not None else None
    return json_sha256([sections, training, data, versions(), machine()])[:16]
