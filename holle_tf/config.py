"""The configuration: every option in one typed, frozen place.

``config_sources.py`` reads it from files and flags. The classes of the options are in
``holle_tf/options``, ``pipelines/options.py`` and ``holle_tf/catalogue.py``. Plugins can add models, so the
class that has a section for each model is made when it is needed (``config_class``).
"""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, field, fields, is_dataclass, make_dataclass
from typing import TYPE_CHECKING, Any, Hashable, Iterator, Mapping, cast

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
from holle_tf.options.distill import SCORES, DistillConfig, RecipeConfig, is_score_file, parse_fold
from holle_tf.options.evaluation import EvaluationConfig
from holle_tf.options.export import ExportConfig
from holle_tf.options.report import ReportConfig
from holle_tf.options.serve import ServeConfig
from holle_tf.options.store import StoreConfig
from holle_tf.options.strategy import StrategyConfig
from holle_tf.options.training import TrainingConfig
from holle_tf.options.tuning import TuningConfig
from pipelines.errors import UserError
from pipelines.literal_text import hidden, map_texts, shown
from pipelines.option import option
from pipelines.options import DataConfig, DemoConfig
from pipelines.plugins import load_plugins

MAX_SEED = 2**32 - 1  # of NumPy's generators


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
    recipe: str = option("", "objective of a student (docs/recipes.md); empty = the default of the mode")
    teacher: str = option("", "teachers of a student, with commas between them; empty = none")
    fold: str = option("", "train without this fold, as 1/4 for the first of four; empty = on all examples")
    seed: int = option(0, "seed of weights, dropout and the order of the examples", at_most=MAX_SEED)
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
    store: StoreConfig = field(default_factory=StoreConfig)
    if TYPE_CHECKING:  # the sections of our own models, as mypy sees them
        sam: SamConfig = SamConfig()
        bidaf: BidafConfig = BidafConfig()
        qanet: QanetConfig = QanetConfig()

    def __new__(cls, *args: Any, **kwargs: Any) -> Config:
        """An object of ``config_class()``, whose ``__init__`` Python then calls."""
        del args, kwargs
        return object.__new__(config_class() if cls is Config else cls)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by value: another process must load the plugins before it can make the class."""
        return _unpickled, (to_dict(self),)

    @property
    def teachers(self) -> list[str]:
        """The names of the teachers, in order."""
        return [name.strip() for name in self.teacher.split(",") if name.strip()]

    def seeds(self, count: int) -> range:
        """Consecutive seeds, from ``seed`` on.

        Raises:
            UserError: the last of them is larger than a seed can be.
        """
        if self.seed + count - 1 > MAX_SEED:
            raise UserError(
                f"seed={self.seed}: {count} consecutive seeds are needed, and the last has to be at most"
                f" {MAX_SEED}; give a smaller --seed"
            )
        return range(self.seed, self.seed + count)

    @property
    def student(self) -> str:
        """The student that is trained or distilled: ``model``, or the default one if that is a teacher."""
        return self.model if is_student(self.model) else DEFAULT_STUDENT

    @property
    def interaction(self) -> str:
        """How the student combines vectors; a student without the option counts as additive."""
        return str(getattr(self.options_of(self.student), "interaction", "add"))

    def options_of(self, model: str) -> Any:
        """The section of a model: an object of the class that its row names."""
        return getattr(self, model)

    def inputs_of(self, model: str) -> tuple[str, ...]:
        """The features that a model reads, names of ``pipelines.dataset.make_dataset``."""
        return MODELS[model].inputs_with(self.options_of(model))

    def training_of(self, model: str) -> TrainingConfig:
        """The training options of a model."""
        found = getattr(self.training, model)
        assert isinstance(found, TrainingConfig)
        return found

    def fault(self) -> str:
        """What is wrong with several options together; empty if nothing is."""
        if self.fold:
            try:
                parse_fold(self.fold)
            except ValueError:
                return f"fold={self.fold}: not a fold, such as 1/4 for the first of four"
        for name in self.teachers:
            if name not in teachers() and not (is_score_file(name) and name != SCORES):
                listed = ", ".join([*teachers(), f"{SCORES}FILE"])
                comma = "; a comma separates teachers, so rename a file that has one"
                return (
                    f"teacher={self.teacher}: {name!r} is not among the choices ({listed}); one of a plugin"
                    f" needs its --plugin{comma if SCORES in self.teacher else ''}"
                )
        return ""


_added: dict[str, dict[str, Any]] = {}  # section -> name -> (type, field), by ``register_option``


def register_option(key: str, kind: type, described: Any) -> None:
    """Add an option to a section of the configuration, for a plugin's term, reader or the like.

    Args:
        key: as ``distill.focal_weight``.
        kind: bool, int, float or str.
        described: ``pipelines.option.option(...)``.

    Raises:
        ValueError: there is no such section, or the option exists already.
    """
    section, _, name = key.partition(".")
    plain = _plain()
    sections = [part.name for part in fields(plain) if is_dataclass(getattr(plain, part.name))]
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
    if taken := {"student", *(part.name for part in fields(_plain()))} & set(models):
        name = min(taken)
        raise UserError(f"model {name!r}: the configuration has an option of that name; choose another.")
    rows = [MODELS[name] for name in models]
    rates = [(row.name, TrainingConfig, field(default_factory=functools.partial(_itself, row.training)))
             for row in rows]  # fmt: skip
    training = make_dataclass("TrainingConfigs", rates, bases=(TrainingConfigs,), frozen=True)
    sections.append(("training", training, field(default_factory=training)))
    sections += [(row.name, row.options, field(default_factory=row.options)) for row in rows]
    return make_dataclass("Config", sections, bases=(Config,), frozen=True)


def _plain() -> Config:
    """The default configuration without sections for models and without options of plugins."""
    plain = object.__new__(Config)
    Config.__init__(plain)
    return plain


def _itself(value: Any) -> Any:
    return value


def _unpickled(values: dict[str, Any]) -> Config:
    load_plugins(values["plugins"])
    given = map_texts(hidden, values)
    found = OmegaConf.to_object(OmegaConf.merge(writable(OmegaConf.structured(config_class())), given))
    assert isinstance(found, Config)
    restored: Config = map_texts(shown, found)
    return restored


def to_yaml(config: Config) -> str:
    """``config`` as the text of a YAML file that ``load_config`` reads back to the same value."""
    return shown(OmegaConf.to_yaml(OmegaConf.structured(map_texts(hidden, config))))


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration dataclass as plain nested dicts."""
    return asdict(config)


def values_of(config: Config) -> dict[str, Any]:
    """Every value of ``config`` by its dotted key."""
    return dict(items_of(to_dict(config)))


def known_keys() -> list[str]:
    """Every dotted key that a YAML file or ``--set`` can give."""
    return list(_known_keys(cast(Hashable, config_class())))


def is_text(key: str) -> bool:
    """Whether the option of a dotted key is a text; ``training.*.NAME`` is that of every model."""
    return key.replace(".*.", f".{DEFAULT_STUDENT}.") in _text_keys(cast(Hashable, config_class()))


@functools.cache
def _text_keys(described: Hashable) -> frozenset[str]:
    assert callable(described)
    return frozenset(key for key, value in values_of(described()).items() if isinstance(value, str))


@functools.cache
def _known_keys(described: Hashable) -> tuple[str, ...]:
    assert callable(described)
    return tuple(sorted(values_of(described())))


def items_of(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with its dotted key."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from items_of(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def writable(node: Any) -> Any:
    """Make all below an OmegaConf node writable, which frozen classes make read-only; returns the node."""
    for key in node:
        if OmegaConf.is_dict(node[key]):
            OmegaConf.set_readonly(node[key], False)
            writable(node[key])
    return node
