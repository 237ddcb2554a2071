"""Options of training on several devices."""

from __future__ import annotations

from dataclasses import dataclass

STRATEGIES = ("auto", "one", "mirrored", "multiworker")


@dataclass(frozen=True)
class StrategyConfig:
    """Which devices train one model together; see docs/scaling.md. None of it changes what a run is."""

    kind: str = "auto"  # auto | one | mirrored | multiworker
    devices: int = 0  # of mirrored: local GPUs, or parts of the CPU where there is none; 0 = all GPUs
    wait_seconds: int = 1800  # that a process waits for another one before it gives up
    restarts: int = 20  # times that a process begins anew because another one was lost
