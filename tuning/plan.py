"""Plans a search before its first trial: its space, data, teachers and folder."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterable, Optional, Sequence

from holle_tf.catalogue import is_student
from holle_tf.config import Config
from holle_tf.distill.recipes import recipe
from holle_tf.options.distill import is_score_file
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import run_identity
from holle_tf.runs.run_folder import RunFolder, read_json, write_text
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.child_process import in_child_process
from holle_tf.training.distillation import find_or_train_teachers, kinds_of, student_of_teachers, with_recipe
from holle_tf.training.train import cache_teachers
from pipelines.errors import UserError
from pipelines.files import json_sha256
from pipelines.prepare import PreparedData
from tuning.space import Parameter, Space, comma_separated, read_space
from tuning.trial import trial_config

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """A search.

    Attributes:
        config: configuration of every trial except for its values; the recipe is set.
        space: the keys that make a difference.
        tuner: grid | random | hyperband | bayesian.
        teachers: folders of their finished runs.
        folder: folder of the search.
        identity: what decides its trials; with more trials or more time, it is the same search.
    """

    config: Config
    space: Space
    tuner: str
    teachers: tuple[Path, ...]
    folder: Path
    identity: dict[str, Any]

    @property
    def epochs(self) -> int:
        """Largest number of epochs of a full training."""
        return self.config.tuning.trial_epochs or self.config.training_of(self.config.model).epochs

    @property
    def trials(self) -> Optional[int]:
        """Largest number of trials; None if only the time or hyperband's rounds limit them."""
        most, size = self.config.tuning.max_trials or None, self.space.size
        if self.tuner == "hyperband" or size is None:
            return most
        return size if most is None else min(most, size)

    def begin(self) -> None:
        """Create the folder, or check that it belongs to this search.

        Raises:
            UserError: it belongs to another search.
        """
        found = read_json(self.folder / "search.json")
        if found is not None and found != self.identity:
            raise UserError(f"{self.folder}: holds another search; choose another --run_dir or remove it.")
        write_text(self.folder / "search.json", json.dumps(self.identity, indent=1))


def make_plan(config: Config, run_dir: Optional[str], teacher_runs: Optional[Sequence[str]]) -> Plan:
    """The search that ``config`` and the flags ask for; prepares data and trains teachers if necessary.

    Raises:
        UserError: space, recipe, teachers and model do not match, or there are too few seeds.
    """
    config, distilling = _resolved(config, teacher_runs)
    space = read_space(config, distilling)
    _check_recipes(config, space)
    tuner = _tuner(config.tuning.tuner, space)
    config.seeds(config.tuning.executions)
    if config.tuning.max_trials == 0 and config.tuning.max_minutes == 0 and space.size is None:
        if tuner != "hyperband":
            raise UserError("this space is infinite: set tuning.max_trials or tuning.max_minutes by --set.")
    prepared = open_data(config)
    teachers: tuple[Path, ...] = ()
    if distilling:
        if any(parameter.key.startswith(("data.", "distill.folds")) for parameter in space.parameters):
            raise UserError(
                "options of the data and distill.folds cannot be searched with a teacher, which was trained"
                " with fixed ones."
            )
        work = (_prepare_teachers, config, teacher_runs)
        found = in_child_process(*work) if config.tuning.isolate else work[0](*work[1:])
        teachers = tuple(Path(path) for path in found)
        runs = [RunFolder(path) for path in teachers]
        for run in runs:
            RunOnData(run, prepared, config)
        config = replace(config, teacher=kinds_of(runs, config.distill.folds))
    space = _without_idle_keys(config, space, prepared, [RunFolder(path) for path in teachers])
    identity = _identity(config, space, tuner, prepared, [RunFolder(path) for path in teachers])
    digest = json_sha256(identity)[:8]
    what = f"{config.model}-{config.recipe.replace('_', '-')}".rstrip("-")
    name = f"tune-{what}-{space.name}-{tuner}-{digest}"
    folder = Path(run_dir) if run_dir else Path(config.runs_dir) / prepared.folder.name / name
    return Plan(config, space, tuner, teachers, folder, identity)


def _resolved(config: Config, teacher_runs: Optional[Sequence[str]]) -> tuple[Config, bool]:
    """``config`` with its recipe, and whether the search is for a student of teachers."""
    teachers = bool(config.teacher or teacher_runs)
    if any(map(is_score_file, teacher_runs or config.teachers)):
        raise UserError("--mode=tune takes no files of scores as teachers; name a run by --teacher_run.")
    if not is_student(config.model):
        if teachers or config.recipe:
            raise UserError(
                f"--model={config.model} learns from no teacher; leave out --recipe and --teacher."
            )
        return config, False
    if teachers or (config.recipe and recipe(config.recipe, config.recipes).teachers):
        return student_of_teachers(config, teacher_runs), True
    return with_recipe(config, "_train"), False


def _check_recipes(config: Config, space: Space) -> None:
    by_key = {parameter.key: parameter for parameter in space.parameters}
    if "recipe" not in by_key:
        return
    interaction = f"{config.student}.interaction"
    if interaction in by_key:
        raise UserError(f"a recipe includes its interaction: search either recipe or {interaction}.")
    needed = {recipe(str(name), config.recipes).teachers for name in by_key["recipe"].values}
    if not is_student(config.model) or needed != {recipe(config.recipe, config.recipes).teachers}:
        raise UserError(f"the recipes of the space need other teachers than {config.recipe or config.model}.")


def _tuner(wanted: str, space: Space) -> str:
    continuous = [parameter.key for parameter in space.parameters if not parameter.listed]
    if wanted == "auto":
        return "random" if continuous else "grid"
    if wanted == "grid" and continuous:
        raise UserError(
            f"a grid needs a list of values or a step for {comma_separated(continuous)};"
            " or choose --tuner=random."
        )
    if wanted == "hyperband" and any(parameter.key.endswith(".epochs") for parameter in space.parameters):
        raise UserError("hyperband chooses the number of epochs itself; remove epochs from the space.")
    return wanted


def _prepare_teachers(config: Config, teacher_runs: Optional[Sequence[str]]) -> list[str]:
    """Find or train the teachers and compute the scores that students need of them."""
    prepared = open_data(config)
    runs = find_or_train_teachers(config, prepared, teacher_runs)
    config = replace(config, teacher=kinds_of(runs, config.distill.folds))
    cache_teachers(config, prepared, runs)
    return [str(run.path) for run in runs]


def _without_idle_keys(
    config: Config, space: Space, prepared: PreparedData, teachers: Sequence[RunFolder]
) -> Space:
    """``space`` without the keys that change no trial, such as the k of a recipe without a top-k term."""
    switches = ("recipe", f"{config.student}.interaction")
    bases = [trial_config(config, {})]
    for parameter in space.parameters:
        if parameter.key in switches:
            bases += [trial_config(config, {parameter.key: value}) for value in parameter.values]

    def identities(parameter: Parameter) -> Iterable[list[dict[str, Any]]]:
        for base in bases:
            changed = [trial_config(base, {parameter.key: value}) for value in parameter.examples()]
            yield [run_identity(trial, prepared, teachers) for trial in (*changed, base)]

    kept = [
        parameter
        for parameter in space.parameters
        if parameter.key.startswith("data.")
        or any(found[0] != other for found in identities(parameter) for other in found[1:])
    ]
    dropped = {parameter.key for parameter in space.parameters} - {parameter.key for parameter in kept}
    if dropped:
        keys = comma_separated(dropped)
        logger.info(f"space {space.name}: left out, because nothing here depends on it: {keys}")
    if not kept:
        raise UserError(f"space {space.name}: none of its keys affects {config.recipe or config.model}.")
    return replace(space, parameters=tuple(kept))


def _identity(
    config: Config, space: Space, tuner: str, prepared: PreparedData, teachers: Sequence[RunFolder]
) -> dict[str, Any]:
    options = ("objective", "trial_minutes", "trial_epochs", "trial_patience", "executions")
    own = {name: getattr(config.tuning, name) for name in options}
    if tuner == "hyperband":
        own["hyperband_factor"] = config.tuning.hyperband_factor
    return {
        "space": space.describe(),
        "tuner": tuner,
        **own,
        "run": run_identity(config, prepared, teachers),
    }
