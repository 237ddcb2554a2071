"""Every knob in one typed, frozen place: defaults < preset < YAML file < ``--set a.b=value`` < flags."""

from __future__ import annotations

import difflib
import functools
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

import omegaconf
import yaml
from omegaconf import OmegaConf

from holle_tf.config_checks import check
from holle_tf.options.board import BoardConfig
from holle_tf.options.distill import DistillConfig, RecipeConfig
from holle_tf.options.export import ExportConfig
from holle_tf.options.models import BidafConfig, QanetConfig, SamConfig
from holle_tf.options.report import ReportConfig
from holle_tf.options.serve import ServeConfig
from holle_tf.options.strategy import StrategyConfig
from holle_tf.options.tuning import TuningConfig
from pipelines.errors import UserError
from pipelines.options import DataConfig, DemoConfig

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class TrainingConfig:
    """How one kind of model is trained."""

    optimizer: str = "adam"  # adam | adadelta
    learning_rate: float = 1e-3
    beta_1: float = 0.9  # adam
    beta_2: float = 0.999  # adam
    epsilon: float = 1e-7
    warmup_steps: int = 0  # the learning rate rises as log(step) up to this step
    decay: str = "none"  # none | cosine: of the learning rate, to zero over all epochs
    clip_norm: float = 0.0  # of all gradients together; 0 = off
    l2: float = 0.0  # times sum(w^2) / 2 of all kernels, added to the loss
    ema_decay: float = 0.0  # of the averaged weights used at evaluation; 0 = off
    batch_size: int = 32  # examples, of all devices together
    epochs: int = 12  # at most
    patience: int = 6  # epochs without a better dev F1 before stopping
    mixed_precision: str = "auto"  # auto | none | bfloat16 | float16 (on a GPU); see distill/precision.py
    jit: bool = False  # compile the whole step with XLA; pads every batch to one shape
    recurrence: str = "auto"  # auto | compiled | keras: who computes GRUs and LSTMs; keras with jit


def _bidaf_training() -> TrainingConfig:
    return TrainingConfig(optimizer="adadelta", learning_rate=0.5, epsilon=1e-6, ema_decay=0.999)


def _qanet_training() -> TrainingConfig:
    return TrainingConfig(beta_1=0.8, warmup_steps=1000, clip_norm=5.0, l2=3e-7, ema_decay=0.9999)


@dataclass(frozen=True)
class TrainingConfigs:
    """One ``TrainingConfig`` for each model; the defaults are the published ones."""

    sam: TrainingConfig = field(default_factory=lambda: TrainingConfig(l2=1e-3))
    bidaf: TrainingConfig = field(default_factory=_bidaf_training)
    qanet: TrainingConfig = field(default_factory=_qanet_training)


@dataclass(frozen=True)
class EvaluationConfig:
    """How spans are decoded and scored."""

    max_span: int = 64  # words of the longest span that can be predicted
    n_best: int = 5  # spans that ``predict`` lists
    batch_size: int = 32  # examples


@dataclass(frozen=True)
class Config:
    """The whole configuration of a run. ``config.yaml`` in a run folder is this, resolved."""

    model: str = "sam"  # sam | bidaf | qanet: what is trained
    recipe: str = ""  # of a SAM, see docs/recipes.md; empty = the plain one of the mode
    teacher: str = ""  # bidaf | qanet, several with commas between them, or none
    seed: int = 0  # of weights, dropout and order of the examples
    data_dir: str = ""  # folder of the raw JSON files; empty = the embedded demo corpus
    glove: str = ""  # GloVe file, or none to learn the word vectors
    limit: int = 0  # examples of each split that are read; 0 = all
    profile: bool = False  # write a TensorBoard trace of some training steps into each run folder
    runs_dir: str = "runs"  # prepared data and, unless --run_dir says otherwise, run folders
    data: DataConfig = field(default_factory=DataConfig)
    demo: DemoConfig = field(default_factory=DemoConfig)
    sam: SamConfig = field(default_factory=SamConfig)
    bidaf: BidafConfig = field(default_factory=BidafConfig)
    qanet: QanetConfig = field(default_factory=QanetConfig)
    training: TrainingConfigs = field(default_factory=TrainingConfigs)
    distill: DistillConfig = field(default_factory=DistillConfig)
    recipes: dict[str, RecipeConfig] = field(default_factory=dict)  # of one's own, by name
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    strategy: StrategyConfig = field(default_factory=StrategyConfig)
    board: BoardConfig = field(default_factory=BoardConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    export: ExportConfig = field(default_factory=ExportConfig)

    @property
    def teachers(self) -> list[str]:
        """The kinds of the teachers, in order."""
        return [name.strip() for name in self.teacher.split(",") if name.strip()]

    def training_of(self, model: str) -> TrainingConfig:
        """The training options of ``model`` (sam, bidaf or qanet)."""
        return getattr(self.training, model)


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
    merged = OmegaConf.structured(Config)
    for path in files:
        merged = _merge(merged, _read_yaml(Path(path)), f"{path}")
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UserError(f"--set {text}: expected key=value, as in --set training.sam.epochs=5.")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            if value.lstrip()[:1] in ("[", "{"):
                raise UserError(
                    f"--set {text}: not valid YAML; put quotes around what begins with a star or has other"
                    " signs: 'report.only=[\"*/mul_train\"]'."
                ) from None
            parsed = value
        merged = _merge(merged, _nested(key.strip(), parsed), f"--set {text}")
    for key, value in (flags or {}).items():
        merged = _merge(merged, _nested(key, value), f"--{key.rsplit('.', 1)[-1]}={value}")
    config = _resolved(merged)
    _resolve_options_of_recipes(config)
    own = config.recipes[config.recipe].options if config.recipe in config.recipes else {}
    for text in assignments:
        section, _, option = text.partition("=")[0].strip().partition(".")
        if section == "distill" and option in own:
            instead = f"--set recipes.{config.recipe}.options.{option}"
            raise UserError(f"--set {text}: the recipe {config.recipe} has its own {option}; use {instead}.")
    return config


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
    check(config, values_of(config))
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
    return list(_known_keys())


@functools.cache
def _known_keys() -> tuple[str, ...]:
    return tuple(sorted(values_of(Config())))


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
