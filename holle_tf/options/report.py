"""Options of the report."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option


@dataclass(frozen=True)
class ReportConfig:
    """Which runs a report has, and how it is drawn. ``report/variants.py`` lists the paper's runs."""

    headline_seeds: int = option(3, "seeds of the variants that the paper's claims rest on", positive=True)
    other_seeds: int = option(1, "seeds of all other variants", positive=True)
    rows: list[str] = option([], "rows beside the paper's, as [sd/mul_topk/qanet]")
    only: list[str] = option([], "rows that are made, as [sd/*, ld/add*]; empty = all")
    kept: list[str] = option([], "outcomes.json files of reports made elsewhere, to continue from")
    tuned: bool = option(False, "train each student with the rate and L2 weight that do best on dev")
    tuned_rates: list[float] = option([0.001, 0.003], "learning rates that report.tuned tries")
    tuned_l2: list[float] = option([0.001, 0.00001], "L2 weights that report.tuned tries with each rate")
    tuned_seeds: int = option(1, "seeds that try each setting; the best mean is chosen", positive=True)
    costs: bool = option(True, "measure tables 1 and 5, which takes minutes, unless a report did before")
    workers: int = option(1, "runs at once, each a process with its share of the cores", positive=True)
    resamples: int = option(10_000, "resamples of every bootstrap", positive=True)
    examples: int = option(20, "predictions that are shown")

    def fault(self) -> str:
        """What is wrong with the settings that ``tuned`` tries; empty if nothing is."""
        if not self.tuned_rates or not all(rate > 0 for rate in self.tuned_rates):
            return f"tuned_rates={self.tuned_rates}: has to have positive numbers"
        if not self.tuned_l2 or not all(weight >= 0 for weight in self.tuned_l2):
            return f"tuned_l2={self.tuned_l2}: has to have numbers of zero or more"
        return ""
