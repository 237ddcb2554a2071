"""Options of the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportConfig:
    """How often things are run and drawn; which runs there are stands in ``report/variants.py``."""

    headline_seeds: int = 3  # runs of the variants that the paper's claims rest on
    other_seeds: int = 1  # runs of all other variants
    resamples: int = 10_000  # of every bootstrap
    examples: int = 20  # predictions that are shown
