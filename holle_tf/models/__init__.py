"""The models by name (``registry.py``).

They are loaded at first use: reading their options, or serving an export, need not wait for TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holle_tf.models.registry import MODELS, ModelSpec, trainable_parameters

__all__ = ["MODELS", "ModelSpec", "trainable_parameters"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("holle_tf.models.registry"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
