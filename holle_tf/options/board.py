"""Options of what is written for TensorBoard."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option


@dataclass(frozen=True)
class BoardConfig:
    """What training writes for TensorBoard, and how often. It does not change the outcome of a run."""

    enabled: bool = option(True, "write events for TensorBoard")
    scalars_every: int = option(
        20, "steps between two points of the losses and the learning rate", positive=True
    )
    gradients_every: int = option(100, "steps between two measurements of each term's gradient; 0 = never")
    examples: int = option(8, "examples of the dev split whose curves and spans are shown; 0 = none")
