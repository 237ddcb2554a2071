"""The configuration: every option in one typed, frozen place.

Later sources win: defaults, presets and files, ``--set``, flags. The classes of the options are in
``holle_tf/options``, ``pipelines/options.py`` and ``holle_tf/catalogue.py``. Plugins can add models, so the
class that has a section for each model is made when it is needed (``config_class``).
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import asdict, dataclass, field, fields, is_dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Hashable, Iterable, Iterator, Mapping, Optional, Sequence, cast

import omegaconf
import yaml
from omegaconf import OmegaConf

from holle_tf.catalogue import (
    DEFAULT_STUDENT,
    MODELS,
    BidafConfig,
    QanetConfig,
    SamConfig,
    is_student,
    teachers,
)
from holle_tf.options.board import BoardConfig
from holle_tf.options.distill import DistillConfig, RecipeConfig
from holle_tf.options.evaluation import EvaluationConfig
from holle_tf.options.export import ExportConfig
from holle_tf.options.report import ReportConfig
from holle_tf.options.serve import ServeConfig
from holle_tf.options.strategy import StrategyConfig
from holle_tf.options.training import TrainingConfig
from holle_tf.options.tuning import TuningConfig
from pipelines.errors import UserError
from pipelines.option import check_options, option
from pipelines.options import DataConfig, DemoConfig
from pipelines.plugins import absolute_plugin, load_plugins
from pipelines.readers.registry import reader_of

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class TrainingConfigs:
    """One ``TrainingConfig`` for each model of the catalogue, whose defaults are in the model's row."""

    if TYPE_CHECKING:  # the sections of our own models, as mypy sees them
        sam: TrainingConfig = TrainingConfig()
        bidaf: TrainingConfig = TrainingConfig()
        qanet: TrainingConfig = TrainingConfig()


@dataclass(frozen=True)
class Config:
    """The whole configuration of a run. ``config.yaml`` in a run folder is this, resolved.

    ``Config()`` has a section for each model of the catalogue, named after it.
    """

    model: str = option(DEFAULT_STUDENT, "the model that is trained", choices=lambda: MODELS)
    recipe: str = option("", "objective of a student (docs/recipes.md); empty = the plain one of the mode")
    teacher: str = option("", "teachers of a student, with commas between them; empty = none")
    seed: int = option(0, "seed of weights, dropout and the order of the examples")
    data_dir: str = option("", "folder of the raw files; empty = the embedded demo corpus")
    glove: str = option("", "GloVe file, or none to learn the word vectors")
    limit: int = option(0, "examples of each split that are read; 0 = all")
    profile: bool = option(False, "write a TensorBoard trace of some training steps into each run folder")
    runs_dir: str = option("runs", "folder of prepared data and, by default, of runs")
    plugins: list[str] = option([], "modules or .py files that register models, terms, readers and so on")
    data: DataConfig = field(default_factory=DataConfig)
    demo: DemoConfig = field(default_factory=DemoConfig)
    training: TrainingConfigs = field(default_factory=TrainingConfigs)
    distill: DistillConfig = field(default_factory=DistillConfig)
    recipes: dict[str, RecipeConfig] = field(default_factory=dict)  # of your own, by name
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    strategy: StrategyConfig = field(default_factory=StrategyConfig)
    board: BoardConfig = field(default_factory=BoardConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    if TYPE_CHECKING:  # the sections of our own models, as mypy sees them
        sam: SamConfig = SamConfig()
        bidaf: BidafConfig = BidafConfig()
        qanet: QanetConfig = QanetConfig()

    def __new__(cls, *args: Any, **kwargs: Any) -> Config:
        """An object of ``config_class()``, whose ``__init__`` Python then calls."""
        del args, kwargs
        return object.__new__(config_class() if cls is Config else cls)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by value, since another process has to make the class, after loading the plugins."""
        return _unpickled, (to_dict(self),)

    @property
    def teachers(self) -> list[str]:
        """The names of the teachers, in order."""
        return [name.strip() for name in self.teacher.split(",") if name.strip()]

    @property
    def student(self) -> str:
        """The student that is trained or distilled: ``model``, or the default one where that is a teacher."""
        return self.model if is_student(self.model) else DEFAULT_STUDENT

    @property
    def interaction(self) -> str:
        """How the student combines vectors; a student without the option counts as additive."""
        return str(getattr(self.options_of(self.student), "interaction", "add"))

    def options_of(self, model: str) -> Any:
        """The section of a model: an object of the class that its row names."""
        return getattr(self, model)

    def training_of(self, model: str) -> TrainingConfig:
        """The training options of a model."""
        found = getattr(self.training, model)
        assert isinstance(found, TrainingConfig)
        return found

    def fault(self) -> str:
        """What is wrong with several options together."""
        for name in self.teachers:
            if name not in teachers():
                return f"teacher={self.teacher}: {name!r} is not among the choices ({', '.join(teachers())})"
        return ""


_added: dict[str, dict[str, Any]] = {}  # section -> name -> (type, field), by ``register_option``


def register_option(key: str, kind: type, described: Any) -> None:
    """Add an option to a section of the configuration, for a plugin's term, reader or the like.

    Args:
        key: as ``distill.focal_weight``.
        kind: bool, int, float or str.
        described: ``pipelines.option.option(...)``.

    Raises:
        ValueError: there is no such section, or the option is there.
    """
    section, _, name = key.partition(".")
    plain = _plain()
    sections = [described.name for described in fields(plain) if is_dataclass(getattr(plain, described.name))]
    sections.remove("training")
    if section not in sections or not name.isidentifier():
        raise ValueError(f"option {key!r}: not a name in one of the sections {', '.join(sections)}")
    if key in known_keys():
        raise ValueError(f"there is an option {key!r} already")
    _added.setdefault(section, {})[name] = (kind, described)


def config_class() -> type[Config]:
    """``Config`` with a section for each model of the catalogue, and the options that plugins added."""
    return _config_class(
        tuple(MODELS), tuple((section, name) for section in _added for name in _added[section])
    )


@functools.cache
def _config_class(models: tuple[str, ...], added: tuple[tuple[str, str], ...]) -> type[Config]:
    sections: list[tuple[str, type, Any]] = []
    for section in dict.fromkeys(section for section, _ in added):
        kept = type(getattr(_plain(), section))
        options = [(name, kind, described) for name, (kind, described) in _added[section].items()]
        larger = make_dataclass(kept.__name__, options, bases=(kept,), frozen=True)
        sections.append((section, larger, field(default_factory=larger)))
    rows = [MODELS[name] for name in models]
    rates = [(row.name, TrainingConfig, field(default_factory=functools.partial(_same, row.training)))
             for row in rows]  # fmt: skip
    training = make_dataclass("TrainingConfigs", rates, bases=(TrainingConfigs,), frozen=True)
    sections.append(("training", training, field(default_factory=training)))
    sections += [(row.name, row.options, field(default_factory=row.options)) for row in rows]
    return make_dataclass("Config", sections, bases=(Config,), frozen=True)


def _plain() -> Config:
    """The default configuration without anything of a catalogue."""
    plain = object.__new__(Config)
    Config.__init__(plain)
    return plain


def _same(value: Any) -> Any:
    return value


def _unpickled(values: dict[str, Any]) -> Config:
    load_plugins(values["plugins"])
    found = OmegaConf.to_object(OmegaConf.merge(_writable(OmegaConf.structured(config_class())), values))
    assert isinstance(found, Config)
    return found


def load_config(
    files: Iterable[Path] = (),
    assignments: Sequence[str] = (),
    flags: Optional[Mapping[str, Any]] = None,
) -> Config:
    """Merge defaults, YAML ``files``, ``a.b=value`` ``assignments`` and dotted ``flags``, in that order.

    Raises:
        UserError: a file is missing or broken, a key is unknown (the nearest known one is named), a value
            has the wrong type or is not among the choices, or an assignment is of an option that the recipe
            has its own of.
    """
    updates = [(_read_yaml(Path(path)), f"{path}") for path in files]
    updates += [(_assignment(text), f"--set {text}") for text in assignments]
    updates += [
        (_nested(key, value), f"--{key.rsplit('.', 1)[-1]}={value}") for key, value in (flags or {}).items()
    ]
    plugins = _load_plugins_of(updates)
    merged = OmegaConf.structured(config_class())
    for update, where in updates:
        merged = _merge(merged, _of_all_models(update), where)
    if plugins:
        merged = _merge(merged, {"plugins": plugins}, "plugins")  # those of all sources, not of the last one
    config = _resolved(merged)
    _resolve_options_of_recipes(config)
    own = config.recipes[config.recipe].options if config.recipe in config.recipes else {}
    for text in assignments:
        section, _, option = text.partition("=")[0].strip().partition(".")
        if section == "distill" and option in own:
            instead = f"--set recipes.{config.recipe}.options.{option}"
            raise UserError(f"--set {text}: the recipe {config.recipe} has its own {option}; use {instead}.")
    return config


def _assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"--set {text}: expected key=value, as in --set training.sam.epochs=5.")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        if value.lstrip()[:1] in ("[", "{"):
            raise UserError(
                f"--set {text}: not valid YAML; put quotes around a value that begins with a star or has"
                " special characters: 'report.only=[\"*/mul_train\"]'."
            ) from None
        parsed = value
    return _nested(key.strip(), parsed)


def _of_all_models(update: dict[str, Any]) -> dict[str, Any]:
    """``training.*.NAME`` as ``training.MODEL.NAME`` of every model."""
    training = update.get("training")
    if not isinstance(training, dict) or "*" not in training:
        return update
    named = {name: options for name, options in training.items() if name != "*"}
    return {**update, "training": {**dict.fromkeys(MODELS, training["*"]), **named}}


def _load_plugins_of(updates: Iterable[tuple[dict[str, Any], str]]) -> list[str]:
    """Load the plugins that any of the updates names, before the class of the configuration is made."""
    found: list[str] = []
    for update, where in updates:
        plugins = update.get("plugins") or []
        if not isinstance(plugins, list):
            raise UserError(f"{where}: plugins is a list of modules or .py files; write [{plugins}].")
        # A run has to find its plugins from any folder.
        found += [absolute_plugin(str(plugin)) for plugin in plugins]
        load_plugins(found, where if where.endswith(".yaml") else "")
    return list(dict.fromkeys(found))


def with_values(config: Config, values: Mapping[str, Any], where: str) -> Config:
    """``config`` with some dotted keys set anew, checked as ``load_config`` does.

    Args:
        values: none of them of ``recipes``.
        where: what the message of an error begins with.

    Raises:
        UserError: as ``load_config``.
    """
    merged = OmegaConf.structured(config)
    for key, value in values.items():
        merged = _merge(merged, _nested(key, value), where)
    return _resolved(merged)


def _resolved(merged: Any) -> Config:
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    check_options(config)
    reader_of(config.data)
    return config


def _resolve_options_of_recipes(config: Config) -> None:
    """Check them, and give them their types: now, and not when a recipe is chosen after hours of others."""
    for name, one in config.recipes.items():
        if one.options:
            where = f"recipes.{name}.options"
            merged = _merge(OmegaConf.structured(config), {"distill": one.options}, where)
            try:
                options = _resolved(merged).distill
            except UserError as error:
                raise UserError(f"{where}: {error}") from None
            one.options.update({option: getattr(options, option) for option in one.options})


def to_yaml(config: Config) -> str:
    """``config`` as the text of a YAML file that ``load_config`` reads back to the same value."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration dataclass as plain nested dicts."""
    return asdict(config)


def values_of(config: Config) -> dict[str, Any]:
    """Every value of ``config`` by its dotted key."""
    return dict(_items(to_dict(config)))


def preset(name: str) -> Path:
    """The YAML file of a preset that ships with the package.

    Raises:
        UserError: no preset has that name.
    """
    path = PRESETS / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in PRESETS.glob("*.yaml")))
        raise UserError(f"no file and no preset is called {name!r}; presets are: {known}.")
    return path


def config_file(text: str) -> Path:
    """What ``--config`` names: a file, or a preset that ships with the package.

    Raises:
        UserError: it is neither.
    """
    path = Path(text)
    if path.exists() or path.name != text or path.suffix:
        return path
    return preset(text)


def known_keys() -> list[str]:
    """Every dotted key that a YAML file or ``--set`` can give."""
    return list(_known_keys(cast(Hashable, config_class())))


@functools.cache
def _known_keys(described: Hashable) -> tuple[str, ...]:
    assert callable(described)
    return tuple(sorted(values_of(described())))


def _items(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its dotted key."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _items(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path}: cannot read this configuration ({error.strerror}); check --config."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        reason = getattr(error, "problem", None)
        problem = f" ({reason})" if reason else ""
        raise UserError(f"{path}{line}: not a valid YAML file{problem}; correct it.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(
            f"{path}: expected keys with values, as in 'seed: 1'; found a {type(content).__name__}."
        )
    return content


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


_OF_RECIPES = (
    "; a recipe has interaction, terms (a list), teachers, summary and options (weights and the like)"
)


def _merge(base: Any, update: dict[str, Any], where: str) -> Any:
    if isinstance(update.get("recipe"), dict):
        raise UserError(f"{where}: recipe is a name; recipes of your own stand under 'recipes'.")
    known = known_keys()
    sections = {key.rsplit(".", n)[0] for key in known for n in (1, 2) if key.count(".") >= n}
    for key, _ in _items(update):
        if key not in known and key not in sections and not key.startswith("recipes."):
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise UserError(f"{where}: there is no option {key!r}; did you mean {near[0]!r}?")
    try:
        OmegaConf.set_readonly(base, False)  # frozen classes merge as read-only nodes
        return OmegaConf.merge(_writable(base), update)
    except omegaconf.errors.OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        key = error.full_key if error.full_key and error.full_key not in where else ""
        hint = _OF_RECIPES if "recipes" in update else ""
        raise UserError(f"{where}: {f'{key}: ' if key else ''}{reason.rstrip('.')}{hint}.") from error


def _writable(node: Any) -> Any:
    for key in node:
        if OmegaConf.is_dict(node[key]):
            OmegaConf.set_readonly(node[key], False)
            _writable(node[key])
    return node
