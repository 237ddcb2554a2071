"""``holle_tf.distill`` and ``holle_tf.evaluate``: packages, and functions of ``holle_tf.api`` when called."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _CallableFolder(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        function = self.__name__.rpartition(".")[2]
        return getattr(import_module("holle_tf.api.training"), function)(*args, **kwargs)


def make_callable(folder: str) -> None:
    """Let calls of a package of ``holle_tf`` go to the function of its name in ``holle_tf.api.training``.

    Without this the name would be the function until something imports the package, and then the package.

    Args:
        folder: ``__name__`` of the package.
    """
    sys.modules[folder].__class__ = _CallableFolder
