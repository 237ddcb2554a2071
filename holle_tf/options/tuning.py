"""Options of the search for hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option

TUNERS = ("auto", "grid", "random", "hyperband", "bayesian")
OBJECTIVES = {"val_f1": "max", "val_em": "max", "val_loss": "min"}  # of the epoch whose weights are kept


@dataclass(frozen=True)
class TuningConfig:
    """What ``--mode=tune`` searches, how, and for how long."""

    space: str = option("paper_grid", "a space of tuning/spaces by name, or the path of a YAML file")
    tuner: str = option("auto", "auto = grid if every key has a list of values, else random", choices=TUNERS)
    objective: str = option("val_f1", "what the search improves", choices=OBJECTIVES)
    max_trials: int = option(20, "trials at most; 0 = until the space or the time is used up")
    max_minutes: float = option(
        0.0, "minutes after which no trial starts, interruptions not counted; 0 = no limit"
    )
    trial_minutes: float = option(
        0.0, "minutes after which a trial stops training and is scored; 0 = no limit"
    )
    trial_epochs: int = option(0, "epochs of a trial at most; 0 = training.<model>.epochs")
    trial_patience: int = option(0, "epochs without a better one; 0 = training.<model>.patience")
    executions: int = option(
        1, "trainings of a trial, of consecutive seeds; their mean objective counts", positive=True
    )
    workers: int = option(1, "local processes that run trials at the same time", positive=True)
    isolate: bool = option(True, "train each trial in its own process, which frees all its memory")
    retries: int = option(1, "further tries of a trial whose process died")
    lost_seconds: float = option(
        60.0, "seconds without a sign of life after which a worker's trial is repeated", positive=True
    )
    hyperband_factor: int = option(3, "factor by which hyperband cuts the number of trials each round")
