"""Which flags belong to which modes: one that a mode would not look at is an error."""

from __future__ import annotations

from typing import Collection

from pipelines.errors import UserError

_TRAINING = ("train", "distill", "tune")
_OF_RUNS = (*_TRAINING, "evaluate", "predict", "export", "serve")
_READING = ("prepare", *_TRAINING, "baselines", "benchmark")  # data as they are told, and not as a run was
_OF_DATA = (*_READING, "evaluate")

# Flags that are not here are for all modes, such as --data_dir, --config and --set.
MODES_OF = {
    "model": ("train", "distill", "tune"),
    "interaction": _TRAINING,
    "recipe": _TRAINING,
    "teacher": ("distill", "tune"),
    "teacher_run": ("distill", "tune"),
    "setup": _OF_DATA,
    "limit": (*_READING, "report"),
    "seed": (*_TRAINING, "baselines", "benchmark", "report"),
    "mixed_precision": (*_TRAINING, "benchmark", "report"),
    "run_dir": _OF_RUNS,
    "port": ("serve",),
    "export_dir": ("serve",),
    "split": ("evaluate", "baselines"),
    "input": ("predict",),
    "format": ("export",),
    "size": ("report",),
    "plan": ("report",),
    "existing": ("report",),
    "output": ("export", "report"),
    "multi_reference": ("evaluate", "report"),
    "beam_options": ("prepare",),
    "strategy": ("train", "distill"),
    "profile": ("train", "distill"),
    "tuner": ("tune",),
    "objective": ("tune",),
    "tuner_workers": ("tune",),
    "tuner_role": ("tune",),
    "tuner_id": ("tune",),
    "tuner_address": ("tune",),
}


# What to do instead of a flag in a mode that has no use for it; otherwise, to leave it out.
_INSTEAD = {
    ("size", "train"): "--config=smoke makes everything tiny",
    ("size", "distill"): "--config=smoke makes everything tiny",
}


def check_flags(mode: str, given: Collection[str]) -> None:
    """Raise a UserError that names the first flag of ``given`` that ``mode`` has no use for.

    Args:
        given: names among those of ``MODES_OF``.
    """
    for name in given:
        modes = MODES_OF[name]
        if mode not in modes:
            instead = _INSTEAD.get((name, mode), f"leave it out of --mode={mode}")
            raise UserError(f"--{name} is for --mode={' or '.join(modes)}; {instead}.")
    if {"teacher", "teacher_run"} <= set(given):
        raise UserError("--teacher_run names runs of teachers, and --teacher kinds of them; leave out one.")
