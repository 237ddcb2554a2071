"""Options of the report."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReportConfig:
    """What is run how often and drawn how; the paper's runs stand in ``report/variants.py``."""

    headline_seeds: int = 3  # runs of the variants that the paper's claims rest on
    other_seeds: int = 1  # runs of all other variants
    rows: list[str] = field(
        default_factory=list
    )  # beside the paper's, as [sd/mul_topk/qanet]; own recipes too
    only: list[str] = field(default_factory=list)  # rows that are made, as [sd/*, ld/add*]; empty = all
    kept: list[str] = field(default_factory=list)  # outcomes.json of reports made elsewhere, to go on from
    costs: bool = True  # measure tables 1 and 5, in minutes, where no report before has
    workers: int = 1  # runs at once, each in a process of its own with its share of the cores
    resamples: int = 10_000  # of every bootstrap
    examples: int = 20  # predictions that are shown
