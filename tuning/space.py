"""Reads the space of a search from YAML: the configuration keys to try, and their values.

    training.sam.batch_size: [32, 64]                                      # any of these
    sam.layers: {min: 1, max: 3}                                           # a whole number
    training.sam.learning_rate: {min: 0.0001, max: 0.01, sampling: log}    # any number in between

Keys may be under the name of a model, and then count only if that model is searched; keys under ``distill``
count only if a student learns from a teacher.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Union

import keras_tuner
import yaml

from holle_tf.catalogue import MODELS
from holle_tf.config import Config, known_keys, to_dict
from holle_tf.config_sources import with_values
from pipelines.errors import UserError
from pipelines.raw_files import read_text
from pipelines.yaml_values import plain, read_yaml

SPACES = Path(__file__).parent / "spaces"
SAMPLINGS = ("linear", "log")
# Keys that decide which search it is, or what it is measured on.
FIXED = {"model", "teacher", "data_dir", "glove", "limit", "profile", "runs_dir", "data.schema", "data.setup"}
FIXED_SECTIONS = ("tuning.", "demo.")
Value = Union[bool, int, float, str]


@dataclass(frozen=True)
class Parameter:
    """One key of a space.

    Attributes:
        key: dotted key of ``holle_tf.config``.
        type: type of its values: bool, int, float or str.
        values: the values to try, if they are listed.
        low, high: bounds of the values, both included, if they are not listed.
        step: difference between values; None = any for a float, 1 for an int.
        log: draw values evenly on a logarithmic scale.
    """

    key: str
    type: type
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: Optional[float] = None
    log: bool = False

    @property
    def listed(self) -> tuple[Value, ...]:
        """All values; () if there are infinitely many."""
        if self.values or self.log:
            return self.values
        if self.type is float and self.step is None:
            return ()
        step = self.step or 1
        count = int((self.high - self.low) / step + 1e-9) + 1
        return tuple(self.value(self.low + i * step) for i in range(count))

    def declare(self, space: keras_tuner.HyperParameters) -> None:
        """Add this parameter to keras-tuner's space."""
        if self.values:
            space.Choice(self.key, list(self.values))
            return
        sampling = "log" if self.log else "linear"
        if self.type is int:
            step = int(self.step) if self.step else None if self.log else 1
            space.Int(self.key, int(self.low), int(self.high), step=step, sampling=sampling)
        else:
            space.Float(self.key, self.low, self.high, step=self.step, sampling=sampling)

    def value(self, raw: Any) -> Value:
        """keras-tuner's value ``raw`` as the configuration takes it, rounded to six digits."""
        return float(f"{raw:.6g}") if self.type is float else self.type(raw)

    def examples(self) -> tuple[Value, ...]:
        """Values to check whether the key accepts them and makes a difference."""
        return self.values or (self.value(self.low), self.value(self.high))


@dataclass(frozen=True)
class Space:
    """The parameters of a search, in the order of the file."""

    name: str
    parameters: tuple[Parameter, ...]

    def declared(self) -> keras_tuner.HyperParameters:
        """The space as keras-tuner's oracles take it."""
        space = keras_tuner.HyperParameters()
        for parameter in self.parameters:
            parameter.declare(space)
        return space

    def values(self, raw: Mapping[str, Any]) -> dict[str, Value]:
        """The values of a trial by key, without keras-tuner's own entries."""
        return {
            parameter.key: parameter.value(raw[parameter.key])
            for parameter in self.parameters
            if parameter.key in raw
        }

    @property
    def size(self) -> Optional[int]:
        """Number of combinations; None if there are infinitely many."""
        counts = [len(parameter.listed) for parameter in self.parameters]
        return math.prod(counts) if all(counts) else None

    def describe(self) -> list[dict[str, Any]]:
        """The space as plain data, for the identity of the search."""
        return [
            {**vars(parameter), "type": parameter.type.__name__, "values": list(parameter.values)}
            for parameter in self.parameters
        ]


def read_space(config: Config, distilling: bool) -> Space:
    """The space that ``config.tuning.space`` names, for ``config.model``.

    Args:
        config: configuration of the search; keys that are not searched keep its values.
        distilling: the search is for a student of a teacher.

    Raises:
        UserError: there is no such space, it has nothing for this model, a key is unknown (the message names
            the nearest), or the configuration does not accept a value.
    """
    path = space_path(config.tuning.space)
    content = _read(path)
    wanted = [config.model, *(["distill"] if distilling else [])]
    entries: dict[str, Any] = {}
    for key, value in content.items():
        if key not in (*MODELS, "distill"):
            entries[key] = value
        elif not isinstance(value, dict):
            raise UserError(f"{path}: {key}: expected keys with values, as in 'sam.units: [64, 100]'.")
        elif key in wanted:
            entries.update(value)
    if not entries:
        raise UserError(
            f"{path}: nothing here for the model {config.model}; add a section '{config.model}:'."
        )
    return Space(path.stem, tuple(_parameter(path, key, entries[key], config) for key in entries))


def space_path(name: str) -> Path:
    """The file of a space of the package, or of the user.

    Raises:
        UserError: there is none.
    """
    if Path(name).suffix in (".yaml", ".yml"):
        return Path(name)
    known = sorted(path.stem for path in SPACES.glob("*.yaml"))
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        listed = f"there are {', '.join(known)}, or give a .yaml file" if known else "give a .yaml file"
        raise UserError(f"tuning.space={name}: no space has this name; did you mean {near[0]!r}? ({listed})")
    return SPACES / f"{name}.yaml"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = plain(read_yaml(read_text(path)), f"{path}", is_text=lambda key: False)
    except OSError as error:
        raise UserError(f"{path}: cannot read this space ({error.strerror}); check tuning.space.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a valid YAML file; correct it.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected keys with values, as in 'sam.units: [64, 100]'.")
    return {str(key): value for key, value in content.items()}


def _parameter(path: Path, key: str, given: Any, config: Config) -> Parameter:
    where = f"{path}, {key}"
    known = known_keys()
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        raise UserError(f"{path}: there is no option {key!r}; did you mean {near[0]!r}?")
    if key in FIXED or key.startswith(FIXED_SECTIONS):
        raise UserError(f"{where}: cannot be searched; set it by --set or its flag for the whole search.")
    kind = type(_at(to_dict(config), key))
    if isinstance(given, list):
        parameter = Parameter(key, kind, values=_values(where, kind, given))
    elif isinstance(given, dict):
        parameter = _range(where, key, kind, given)
    else:
        raise UserError(f"{where}: expected a list of values, or {{min: ..., max: ...}}.")
    for value in parameter.examples():
        try:
            with_values(config, {key: value}, where)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
    return parameter


def _values(where: str, kind: type, given: list[Any]) -> tuple[Value, ...]:
    if not given:
        raise UserError(f"{where}: the list of values is empty.")
    values = tuple(_typed(where, kind, value) for value in given)
    if len(set(values)) < len(values):
        raise UserError(f"{where}: a value is listed twice.")
    return values


def _range(where: str, key: str, kind: type, given: dict[Any, Any]) -> Parameter:
    if kind not in (int, float):
        raise UserError(f"{where}: its values are not numbers; give a list.")
    unknown = sorted(set(given) - {"min", "max", "step", "sampling"})
    if unknown or "min" not in given or "max" not in given:
        wrong = f"{unknown[0]!r} is not among" if unknown else "expected"
        raise UserError(f"{where}: {wrong} min, max, step, sampling (min and max are needed).")
    low, high = _typed(where, kind, given["min"]), _typed(where, kind, given["max"])
    step = _typed(where, kind, given["step"]) if "step" in given else None
    sampling = given.get("sampling", "linear")
    if sampling not in SAMPLINGS:
        raise UserError(f"{where}: sampling={sampling}: not among the choices ({', '.join(SAMPLINGS)}).")
    log = sampling == "log"
    if low >= high:
        raise UserError(f"{where}: min ({low}) must be below max ({high}).")
    if log and (low <= 0 or step is not None):
        raise UserError(f"{where}: sampling: log needs a positive min and no step.")
    if step is not None and step <= 0:
        raise UserError(f"{where}: step must be positive.")
    return Parameter(key, kind, low=low, high=high, step=step, log=log)


def _typed(where: str, kind: type, value: Any) -> Any:
    """``value`` as ``kind``. YAML reads 1e-4 as text, and a float may be written as a whole number."""
    if kind is float and not isinstance(value, bool):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    elif type(value) is kind:
        return value
    raise UserError(f"{where}: {value!r} is not of its type, {kind.__name__}.")


def _at(tree: Mapping[str, Any], key: str) -> Any:
    value: Any = tree
    for part in key.split("."):
        value = value[part]
    return value


def comma_separated(keys: Iterable[str]) -> str:
    """Sorted keys for a message."""
    return ", ".join(sorted(keys))
