"""Plugins: the user's own modules, which register models, terms, readers, scores or export formats.

``--plugin=NAME`` names a module on Python's path, or a ``.py`` file. It is imported before the configuration
is made. A registry notes for each entry which plugin it came from (``plugin_of``), so that a run can
record the plugins that decide its outcome.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterable

from pipelines.errors import UserError
from pipelines.files import file_sha256

_loaded: dict[str, ModuleType] = {}  # by name
_loading: list[str] = []  # names of plugins that are being imported, the innermost last


def plugin_name(plugin: str) -> str:
    """The module name of a plugin that is given by its name or as a ``.py`` file."""
    return Path(plugin).stem if plugin.endswith(".py") else plugin


def absolute_plugin(plugin: str) -> str:
    """The same plugin, found from any folder: a file by its absolute path, a module by its name."""
    return str(Path(plugin).resolve()) if plugin.endswith(".py") else plugin


def plugin_of(module: str) -> str:
    """The plugin that is being imported, for what a module registers; empty for the project's own modules.

    A plugin may be the first to import one of those, whose entries are not its own.
    """
    own = module.split(".")[0] in ("holle_tf", "pipelines", "tuning")
    return "" if own or not _loading else _loading[-1]


def load_plugins(plugins: Iterable[str], needed_by: str = "") -> None:
    """Import plugins that are not loaded yet.

    Args:
        plugins: module names, or paths of ``.py`` files, which are known by their stem.
        needed_by: the file that names them, for error messages; empty for ``--plugin``.

    Raises:
        UserError: one of them cannot be imported.
    """
    for plugin in plugins:
        name = plugin_name(plugin)
        if name in _loaded:
            continue
        _loading.append(name)
        try:
            _loaded[name] = _import(plugin, name)
        except UserError:
            raise
        except Exception as error:
            why = f"{needed_by} needs the plugin {name!r}, which" if needed_by else f"--plugin={plugin}:"
            missing = isinstance(error, FileNotFoundError) or getattr(error, "name", None) == name
            where = f"give its file by --plugin=FOLDER/{name}.py, or put its folder on PYTHONPATH"
            raise UserError(
                f"{why} cannot be imported ({type(error).__name__}: {error});"
                f" {where if missing else 'correct it'}."
            ) from error
        finally:
            _loading.pop()


def plugin_digests(plugins: Iterable[str]) -> dict[str, str]:
    """``plugin_digest`` of each of the plugins, by its name."""
    return {name: plugin_digest(name) for name in sorted(map(plugin_name, plugins))}


def plugin_digest(name: str) -> str:
    """SHA-256 of the Python files of a loaded plugin, 64 hex digits."""
    file = _loaded[name].__file__
    if file is None:
        return ""
    if Path(file).name != "__init__.py":
        return file_sha256(file)
    root = Path(file).parent
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(f"{source.relative_to(root)} {file_sha256(source)}\n".encode())
    return digest.hexdigest()


def _import(plugin: str, name: str) -> ModuleType:
    if not plugin.endswith(".py"):
        return importlib.import_module(name)
    path = Path(plugin)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {plugin}")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if name in sys.modules:
        raise ImportError(f"a module called {name} is imported already; rename the file")
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
