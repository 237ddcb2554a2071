"""Shows trials on TensorBoard's HPARAMS tab: ``tensorboard --logdir SEARCH/hparams``.

This does without TensorFlow, which would occupy a GPU in the process that only leads the search.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api, summary_v2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

METRICS = {
    "val_f1": "dev F1",
    "val_em": "dev EM",
    "val_loss": "dev loss",
    "parameters": "parameters",
    "seconds": "seconds of training",
}


def write_trial(folder: Path, trial_id: str, outcome: dict[str, Any]) -> None:
    """Log the values and scores of a finished trial under ``folder/hparams``, replacing what was there."""
    own = folder / "hparams" / f"trial_{trial_id}"
    shutil.rmtree(own, ignore_errors=True)
    writer = EventFileWriter(str(own))
    values = {key: value for key, value in outcome["values"].items()}
    writer.add_event(_event(summary_v2.hparams_pb(values, trial_id=trial_id)))
    metrics = [Summary.Value(tag=name, simple_value=outcome[name]) for name in METRICS]
    writer.add_event(_event(Summary(value=metrics)))
    writer.close()


def write_experiment(folder: Path, space: Any) -> None:
    """Describe the possible values and the metrics, once for all trials."""
    own = folder / "hparams" / "experiment"
    shutil.rmtree(own, ignore_errors=True)
    hparams = []
    for parameter in space.parameters:
        if parameter.values:
            domain: Any = api.Discrete(list(parameter.values))
        elif parameter.type is int:
            domain = api.IntInterval(int(parameter.low), int(parameter.high))
        else:
            domain = api.RealInterval(parameter.low, parameter.high)
        hparams.append(api.HParam(parameter.key, domain))
    metrics = [api.Metric(name, display_name=shown) for name, shown in METRICS.items()]
    writer = EventFileWriter(str(own))
    writer.add_event(_event(summary_v2.hparams_config_pb(hparams, metrics)))
    writer.close()


def _event(summary: Summary) -> Event:
    return Event(wall_time=time.time(), summary=summary)
