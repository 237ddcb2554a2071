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
    """The trials of a row: each setting with each seed of the search."""

    trials: Sequence[Trial]

    @property
    def by_setting(self) -> dict[Setting, list[Trial]]:
        """The trials of each setting, by seed."""
        found: dict[Setting, list[Trial]] = {}
        for trial in self.trials:
            assert trial.run.setting is not None, "a run of a search has a setting"
            found.setdefault(trial.run.setting, []).append(trial)
        return found

    @property
    def best(self) -> Optional[Setting]:
        """The first with the largest mean F1 so far; None if that of none is known."""
        means = {setting: mean_f1(trials) for setting, trials in self.by_setting.items()}
        known = [setting for setting, mean in means.items() if mean is not None]
        return max(known, key=lambda setting: means[setting] or 0.0, default=None)

    def may_be_chosen(self, setting: Setting) -> bool:
        """Whether a setting is the best so far, or has seeds to come and none lost."""
        trials = self.by_setting[setting]
        unknown = mean_f1(trials) is None and not any(trial.lost for trial in trials)
        return unknown or setting == self.best

    @property
    def over(self) -> bool:
        """Whether every trial is trained or lost."""
        return all(map(_is_done, self.trials))

    @property
    def chosen(self) -> Optional[Setting]:
        """The best setting; None until the search is over, and if every setting is lost."""
        return self.best if self.over else None

    @property
    def fault(self) -> str:
        """Why no setting is chosen, for the cells of the row; empty if one is."""
        if self.chosen is not None:
            return ""
        if self.over:
            return "failed" if any(trial.lost == "failed" for trial in self.trials) else "diverged"
        tried = [all(map(_is_done, trials)) for trials in self.by_setting.values()]
        return f"{sum(tried)} of {len(tried)} settings" if any(tried) else "not run yet"


def _is_done(trial: Trial) -> bool:
    return trial.f1 is not None or bool(trial.lost)


def mean_f1(trials: Sequence[Trial]) -> Optional[float]:
    """Mean of F1 over the seeds of a setting; None unless that of every seed is known."""
    known = [trial.f1 for trial in trials if trial.f1 is not None]
    return sum(known) / len(known) if known and len(known) == len(trials) else None


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
    settings = next(iter(searches.values())).by_setting
    rates = list(dict.fromkeys(setting.learning_rate for setting in settings))
    weights = [setting.l2 for setting in settings if setting.learning_rate == rates[0]]
    seeds = [trial.run.seed for trial in next(iter(settings.values()))]
    body = [
        [
            Cell(label_of(row), "label"),
            *(_cell(trials, setting == search.chosen) for setting, trials in search.by_setting.items()),
        ]
        for row, search in searches.items()
    ]
    of_seeds = f"seed {seeds[0]}" if len(seeds) == 1 else f"the mean of seeds {', '.join(map(str, seeds))}"
    caption = (
        "F1 on the dev split, at the best epoch, of every student with each learning rate and L2 weight, "
        f"{of_seeds}. All seeds of a row are trained with its chosen setting: the best, or "
        "the first of several that are equally good. The test split has no part in this."
    )
    groups = [("", 1), *((f"rate {rate}", len(weights)) for rate in rates)]
    columns = ["", *(f"L2 {weight}" for _ in rates for weight in weights)]
    return Table(f"settings-{setup}", f"Settings on {SETUPS[setup]}", caption, groups, columns, body)


def _cell(trials: Sequence[Trial], chosen: bool) -> Cell:
    """The mean of a setting, and what each of several seeds has."""
    mean = mean_f1(trials)
    if mean is None:
        faults = (trial.lost for trial in trials if trial.f1 is None and trial.lost)
        return Cell(next(faults, "not run yet"), "missing")
    each = f" ({', '.join(f'{trial.f1:.1f}' for trial in trials)})" if len(trials) > 1 else ""
    return Cell(f"{mean:.2f}{each}", note="chosen") if chosen else Cell(f"{mean:.2f}{each}", "label")
