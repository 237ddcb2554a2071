"""Where a configuration comes from: defaults, presets and files, ``--set``, flags; later sources win."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence

import omegaconf
import yaml
from omegaconf import OmegaConf

from holle_tf.catalogue import DEFAULT_STUDENT, MODELS, is_student
from holle_tf.config import Config, config_class, is_text, items_of, known_keys, writable
from pipelines.errors import UserError
from pipelines.literal_text import hidden, map_texts, shown
from pipelines.option import check_options
from pipelines.options import AUTO
from pipelines.plugins import absolute_plugin, load_plugins
from pipelines.raw_files import read_text
from pipelines.readers.registry import reader_of
from pipelines.readers.told_words import told_data
from pipelines.word_counts import NO_GLOVE
from pipelines.yaml_values import Written, plain, read_yaml

PRESETS = Path(__file__).parent / "presets"
PATHS = (
    "data_dir",
    "glove",
    "runs_dir",
    "distill.pool",
    "tuning.space",
)  # options in which ~ is a home folder

_LOST = "\x85"  # a line break to YAML 1.1; PyYAML writes it as it is


def load_config(
    files: Iterable[Path] = (),
    assignments: Sequence[str] = (),
    flags: Optional[Mapping[str, Any]] = None,
    defaults: Optional[Mapping[str, Any]] = None,
) -> Config:
    """Merge defaults, YAML ``files``, ``a.b=value`` ``assignments`` and dotted ``flags``, in that order.

    ``defaults`` are dotted keys, with other defaults than those of the options.

    Raises:
        UserError: a file is missing or broken, a key is unknown (the nearest known one is named), a value
            has the wrong type or is not among the choices, or an assignment sets an option that the recipe
            sets itself.
    """
    updates = [(_read_yaml(Path(path)), f"{path}") for path in files]
    updates += [(_assignment(text), f"--set {text}") for text in assignments]
    updates += [
        (_nested(key, value), f"--{key.rsplit('.', 1)[-1]}={value}") for key, value in (flags or {}).items()
    ]
    plugins = _load_plugins_of(updates)  # before the keys are known that they add
    merged = _tree(config_class())
    for key, value in (defaults or {}).items():
        _merge(merged, _nested(key, value), key)
    for written, where in updates:
        update = _at_home(plain(written, where, is_text))
        _merge(merged, _expand_all_models(_expand_student(update, merged.model)), where)
    if plugins:
        _merge(merged, {"plugins": plugins}, "plugins")  # of all sources, not only of the last one
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
        parsed = read_yaml(value)
    except yaml.YAMLError:
        if value.lstrip()[:1] in ("[", "{"):
            raise UserError(
                f"--set {text}: not valid YAML; put quotes around a value that begins with a star or has"
                " special characters: 'report.only=[\"*/mul_train\"]'."
            ) from None
        parsed = value
    if isinstance(parsed, str) and len(value.splitlines()) > 1 and value.lstrip()[:1] not in ("'", '"'):
        parsed = value  # in which YAML reads a space for a line break
    return _nested(key.strip(), parsed)


def _at_home(update: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``~`` and ``~name`` at the beginning of paths, which a shell leaves behind '=', as home folders."""
    found = {}
    for key, value in update.items():
        if isinstance(value, dict):
            value = _at_home(value, f"{prefix}{key}.")
        elif prefix + key in PATHS and isinstance(value, str):
            value = os.path.expanduser(value)
        found[key] = value
    return found


def with_absolute_paths(config: Config) -> Config:
    """``config`` with the raw data and word vectors by their absolute paths, to be found from any folder."""
    given = {"data_dir": config.data_dir, "glove": config.glove}
    paths: dict[str, Any] = {
        name: os.path.abspath(path) for name, path in given.items() if path not in ("", NO_GLOVE)
    }
    return replace(config, **paths)


def _expand_student(update: dict[str, Any], model: str) -> dict[str, Any]:
    """``student.NAME``, as ``--interaction`` sets it, as the option of the student that is trained."""
    if "student" not in update:
        return update
    student = model if is_student(model) else DEFAULT_STUDENT
    return {student if key == "student" else key: value for key, value in update.items()}


def _expand_all_models(update: dict[str, Any]) -> dict[str, Any]:
    """Replace ``training.*.NAME`` by ``training.MODEL.NAME`` of every model."""
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
        if isinstance(plugins, Written):
            plugins = [] if plugins.value is None else plugins.text
        if not isinstance(plugins, list):
            written = plugins if isinstance(plugins, str) else "NAME"
            raise UserError(f"{where}: plugins is a list of modules or .py files; write [{written}].")
        if not all(isinstance(plugin, (str, Written)) for plugin in plugins):
            raise UserError(f"{where}: plugins is a list of modules or .py files, and nothing else.")
        # A run has to find its plugins from any folder.
        named = [plugin.text if isinstance(plugin, Written) else str(plugin) for plugin in plugins]
        found += [absolute_plugin(os.path.expanduser(name)) for name in named]
        load_plugins(found, needed_by="" if where.startswith("--") else where)
    return list(dict.fromkeys(found))


def with_values(config: Config, values: Mapping[str, Any], where: str) -> Config:
    """``config`` with new values of some dotted keys, which are checked as in ``load_config``.

    Args:
        values: new value by dotted key; keys of ``recipes`` are not supported.
        where: beginning of error messages.

    Raises:
        UserError: as ``load_config``.
    """
    merged = _tree(map_texts(hidden, config))
    for key, value in values.items():
        _merge(merged, _nested(key, value), where)
    return _resolved(merged)


def _resolved(merged: Any) -> Config:
    config = map_texts(shown, OmegaConf.to_object(merged))
    assert isinstance(config, Config)
    check_options(config)
    if AUTO in (config.data.schema, config.data.words):
        config = replace(config, data=told_data(config.data, config.data_dir))
    reader_of(config.data)
    return config


def _resolve_options_of_recipes(config: Config) -> None:
    """Check the options of recipes and convert their types, now rather than hours later when one is used."""
    for name, recipe in config.recipes.items():
        check_options(recipe, f"recipes.{name}.")
        if recipe.options:
            where = f"recipes.{name}.options"
            merged = _tree(map_texts(hidden, config))
            _merge(merged, {"distill": recipe.options}, where)
            try:
                options = _resolved(merged).distill
            except UserError as error:
                raise UserError(f"{where}: {error}") from None
            recipe.options.update({option: getattr(options, option) for option in recipe.options})


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


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(read_text(path))
    except OSError as error:
        raise UserError(
            f"{path}: cannot read this configuration ({error.strerror}); check --config."
        ) from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        reason = getattr(error, "problem", None)
        problem = f" ({reason})" if reason else f" ({error})" if not where else ""
        raise UserError(f"{path}{line}: not a valid YAML file{problem}; correct it.") from error
    if content is None or (isinstance(content, Written) and content.value is None):
        return {}
    if not isinstance(content, dict):
        content = content.value if isinstance(content, Written) else content
        raise UserError(
            f"{path}: expected keys with values, as in 'seed: 1'; found a {type(content).__name__}."
        )
    return content


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


_RECIPE_KEYS = (
    "; a recipe has interaction, terms (a list), teachers, summary and options (weights and the like)"
)


def _tree(options: Any) -> Any:
    """OmegaConf's tree of options, which can be merged into."""
    tree = writable(OmegaConf.structured(options))
    OmegaConf.set_readonly(tree, False)  # frozen classes give read-only nodes
    return tree


def _merge(tree: Any, update: dict[str, Any], where: str) -> None:
    """Set what an update has. In place: ``OmegaConf.merge`` copies the whole tree for each assignment."""
    if isinstance(update.get("recipe"), dict):
        raise UserError(f"{where}: recipe is a name; recipes of your own go under 'recipes'.")
    known = known_keys()
    sections = {key.rsplit(".", n)[0] for key in known for n in (1, 2) if key.count(".") >= n}
    for key, value in items_of(update):
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and _LOST in text for text in texts):
            raise UserError(f"{where}: {key}: has the character U+0085, for which YAML reads a space.")
        if key not in known and key not in sections and not key.startswith("recipes."):
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise UserError(f"{where}: there is no option {key!r}; did you mean {near[0]!r}?")
    try:
        tree.merge_with(map_texts(hidden, update))
        if "recipes" in update:
            writable(tree)  # recipes that were added
    except OverflowError as error:
        raise UserError(f"{where}: the number is too large.") from error
    except omegaconf.errors.OmegaConfBaseException as error:
        reason = shown(str(error).splitlines()[0])
        key = error.full_key if error.full_key and error.full_key not in where else ""
        hint = _RECIPE_KEYS if "recipes" in update else ""
        raise UserError(f"{where}: {f'{key}: ' if key else ''}{reason.rstrip('.')}{hint}.") from error
