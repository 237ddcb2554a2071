"""Keeps ``import tensorflow`` quiet where TF_CPP_MIN_LOG_LEVEL asks for it.

TensorFlow 2.16 and later print lines about oneDNN and CUDA while they are imported, whatever it says
(https://github.com/tensorflow/tensorflow/issues/100442). They come from C++, so only the file descriptor of
standard error can hold them back.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Iterator, Optional, Sequence

PACKAGE = "tensorflow"
# A line of abseil's log: a letter for the severity, the date, the time, the thread, file and line.
_LOGGED = re.compile(rb"([IWEF])\d{4} [\d:.]+ +\d+ [\w.]+:\d+\] ")
_PREAMBLE = b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR"
_SEVERITIES = b"IWEF"  # TF_CPP_MIN_LOG_LEVEL is the place of the first one that is shown


def install() -> None:
    """From now on, the first import of TensorFlow shows what TF_CPP_MIN_LOG_LEVEL lets through."""
    if PACKAGE not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def shown(output: bytes, level: int) -> bytes:
    """The lines of ``output`` without those of TensorFlow's log below ``level``, 0 (all) to 4 (none)."""
    lines = output.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(_PREAMBLE) and _severity(line) >= level]
    return b"".join(kept)


def _severity(line: bytes) -> int:
    match = _LOGGED.match(line)
    return _SEVERITIES.index(match.group(1)) if match else len(_SEVERITIES)


@contextmanager
def _filtered(level: int) -> Iterator[None]:
    """A context whose standard error, that of C++ too, appears afterwards, without what ``level`` hides."""
    import tempfile  # here, since --help should not wait for it

    _flush()
    try:
        real = os.dup(2)
    except OSError:  # closed, so nothing can appear
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(real, 2)
            os.close(real)
            held.seek(0)
            os.write(2, shown(held.read(), level))


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()


class _Finder(MetaPathFinder):
    """Finds TensorFlow alone, once, as Python would find it."""

    def find_spec(
        self, name: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        if name != PACKAGE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader):
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # TensorFlow looks at its own loader, so it has to find that of Python.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
        level = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "")
        if not level.isdigit() or int(level) == 0:
            self._loader.exec_module(module)
            return
        with _filtered(int(level)):
            self._loader.exec_module(module)
