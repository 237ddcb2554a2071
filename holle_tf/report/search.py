"""The search for the setting of a row (``report.tuned``): what each setting scored, and which is chosen."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Optional, Sequence

from holle_tf.report.rows import PlannedRun, Setting
from holle_tf.report.tables import SETUPS, Cell, Table
from holle_tf.report.variants import label_of


class Trial(NamedTuple):
    """A run of a search.

    Attributes:
        digest: of all that decides its outcome, see ``Runs.digest``.
        f1: of the dev split at the best epoch, 0-100; None if it is not known.
        lost: why there will be none: diverged | failed; empty if there is one or will be.
    """

    run: PlannedRun
    digest: str
    f1: Optional[float] = None
    lost: str = ""


class Search(NamedTuple):
    """The trials of a row, in the order of the settings."""

    trials: Sequence[Trial]

    @property
    def best(self) -> Optional[Trial]:
        """The first with the largest F1 so far; None if none is known."""
        known = [trial for trial in self.trials if trial.f1 is not None]
        return max(known, key=lambda trial: trial.f1 or 0.0, default=None)

    @property
    def over(self) -> bool:
        """Whether every trial is trained or lost."""
        return all(trial.f1 is not None or trial.lost for trial in self.trials)

    @property
    def chosen(self) -> Optional[Setting]:
        """The best setting; None until the search is over, and if all trials are lost."""
        return self.best.run.setting if self.over and self.best else None

    @property
    def fault(self) -> str:
        """Why no setting is chosen, for the cells of the row; empty if one is."""
        if self.chosen is not None:
            return ""
        if self.over:
            return "failed" if any(trial.lost == "failed" for trial in self.trials) else "diverged"
        tried = sum(trial.f1 is not None or bool(trial.lost) for trial in self.trials)
        return f"{tried} of {len(self.trials)} settings" if tried else "not run yet"


def kept_trials(searches: Mapping[str, Search]) -> list[dict[str, Any]]:
    """What another report needs of the searches, for ``outcomes.json``."""
    return [
        {
            "row": row,
            "seed": trial.run.seed,
            **(trial.run.setting._asdict() if trial.run.setting else {}),
            "digest": trial.digest,
            "dev_f1": trial.f1,
        }
        for row, search in searches.items()
        for trial in search.trials
        if trial.f1 is not None or trial.lost == "diverged"
    ]


def diverged_rows(searches: Mapping[str, Search]) -> dict[str, str]:
    """Errors of the rows of which every setting diverged."""
    said = "training diverged with every setting; add a lower rate to report.tuned_rates"
    return {row: said for row, search in searches.items() if search.fault == "diverged"}


def search_tables(searches: Mapping[str, Search]) -> list[Table]:
    """For each setup the dev F1 of every setting of every row, and which is chosen; none without searches."""
    return [
        _table(setup, found)
        for setup in SETUPS
        if (found := {row: search for row, search in searches.items() if row.startswith(f"{setup}/")})
    ]


def _table(setup: str, searches: Mapping[str, Search]) -> Table:
    trials = next(iter(searches.values())).trials
    settings = [trial.run.setting for trial in trials if trial.run.setting]
    rates = list(dict.fromkeys(setting.learning_rate for setting in settings))
    weights = [setting.l2 for setting in settings if setting.learning_rate == rates[0]]
    body = [
        [Cell(label_of(row), "label"), *(_cell(trial, search) for trial in search.trials)]
        for row, search in searches.items()
    ]
    caption = (
        "F1 on the dev split, at the best epoch, of every student with each learning rate and L2 weight, "
        f"seed {trials[0].run.seed}. All seeds of a row are trained with its chosen setting: the best, or "
        "the first of several that are equally good. The test split has no part in this."
    )
    groups = [("", 1), *((f"rate {rate}", len(weights)) for rate in rates)]
    columns = ["", *(f"L2 {weight}" for _ in rates for weight in weights)]
    return Table(f"settings-{setup}", f"Settings on {SETUPS[setup]}", caption, groups, columns, body)


def _cell(trial: Trial, search: Search) -> Cell:
    if trial.f1 is None:
        return Cell(trial.lost or "not run yet", "missing")
    if trial.run.setting == search.chosen:
        return Cell(f"{trial.f1:.2f}", note="chosen")
    return Cell(f"{trial.f1:.2f}", "label")
