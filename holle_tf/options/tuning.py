"""Options of the search for hyperparameters."""

from dataclasses import dataclass

TUNERS = ("auto", "grid", "random", "hyperband", "bayesian")
OBJECTIVES = {"val_f1": "max", "val_em": "max", "val_loss": "min"}  # of the epoch whose weights are kept


@dataclass(frozen=True)
class TuningConfig:
    """What ``--mode=tune`` searches, how, and for how long."""

    space: str = "paper_grid"  # a file of tuning/spaces by name, or the path of your own YAML file
    tuner: str = "auto"  # one of TUNERS; auto = grid where every key has a list of values, else random
    objective: str = "val_f1"  # one of OBJECTIVES
    max_trials: int = 20  # 0 = until the space is exhausted or the time is over
    max_minutes: float = 0.0  # no trial begins after this long, interruptions not counted; 0 = no limit
    trial_minutes: float = 0.0  # a trial's training is cut after this long and scored; 0 = no limit
    trial_epochs: int = 0  # of a trial at most; 0 = training.<model>.epochs
    trial_patience: int = 0  # epochs without a better dev F1; 0 = training.<model>.patience
    executions: int = 1  # trainings of a trial, of seeds one apart, whose mean objective counts
    workers: int = 1  # local processes that run trials at the same time
    isolate: bool = True  # each training in a process of its own, so that none leaves memory behind
    retries: int = 1  # further tries of a trial whose process died
    lost_seconds: float = 60.0  # a worker that is not heard of for so long is given up, its trial done again
    hyperband_factor: int = 3  # by which hyperband cuts trials from round to round
