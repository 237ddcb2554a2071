"""Options of training on several devices."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option

STRATEGIES = ("auto", "one", "mirrored", "multiworker")


@dataclass(frozen=True)
class StrategyConfig:
    """Which devices train one model together (docs/scaling.md). They do not change the identity of a run."""

    kind: str = option(
        "auto", "one device, all local GPUs, or the processes of TF_CONFIG", choices=STRATEGIES
    )
    devices: int = option(
        0, "local devices of mirrored: GPUs, or parts of the CPU where there is none; 0 = all GPUs"
    )
    wait_seconds: int = option(
        1800, "seconds that a process waits for another process before it gives up", positive=True
    )
    restarts: int = option(20, "times that a process restarts because another process was lost")
