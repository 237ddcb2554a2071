"""Options of what is written for TensorBoard."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BoardConfig:
    """How often training writes what; none of it changes the outcome of a run."""

    enabled: bool = True  # false: nothing is written
    scalars_every: int = 20  # steps between two points of losses and learning rate
    gradients_every: int = 100  # steps between two measurements of each term's gradient; 0 = none
    examples: int = 8  # of the dev split whose curves and spans are shown; 0 = none
