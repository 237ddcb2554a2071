"""Distilling reading-comprehension models into a small span predictor (Arora et al., NAACL 2019).

Programs use the names of ``__all__`` (docs/python.md). Each is imported when it is first used.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from holle_tf import quiet_import

# TensorFlow's operations by oneDNN, which it takes by itself only where a CPU has instructions for neural
# networks (AVX-512 VNNI, BF16, AMX). With AVX2 alone, too, QANeT takes half the time by them
# (docs/performance.md). It is read when TensorFlow is imported; one's own setting stays.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# On TensorFlow 2.16 and later tf.keras is Keras 3, which nothing here runs on, unless this asks for Keras 2,
# the package tf_keras. TensorFlow 2.15 has Keras 2 itself, and fails if it is asked for a package that is not
# there.
if find_spec("tf_keras"):
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and tensorflow.keras.Model.__module__.startswith("keras.src.models."):
        raise ImportError(
            "tf.keras is Keras 3 already, and holle_tf needs Keras 2 (the package tf_keras):"
            " import holle_tf before tf.keras is used, or set TF_USE_LEGACY_KERAS=1"
        )
quiet_import.install()

if TYPE_CHECKING:
    from holle_tf.api.prediction import Prediction as Prediction
    from holle_tf.api.prediction import Predictor as Predictor
    from holle_tf.api.prediction import load as load
    from holle_tf.api.training import distill as distill
    from holle_tf.api.training import evaluate as evaluate
    from holle_tf.api.training import load_config as load_config
    from holle_tf.api.training import prepare as prepare
    from holle_tf.api.training import train as train
    from holle_tf.catalogue import register_model as register_model
    from holle_tf.config import Config as Config
    from holle_tf.config import register_option as register_option
    from holle_tf.distill.terms import register_term as register_term
    from holle_tf.evaluate.scores import register_score as register_score
    from holle_tf.export.formats import register_export_format as register_export_format
    from pipelines.errors import UserError as UserError
    from pipelines.readers.registry import register_reader as register_reader

# Name -> the module that has it.
_HOMES = {
    "load": "holle_tf.api.prediction",
    "load_config": "holle_tf.api.training",
    "prepare": "holle_tf.api.training",
    "train": "holle_tf.api.training",
    "register_model": "holle_tf.catalogue",
    "register_term": "holle_tf.distill.terms",
    "register_reader": "pipelines.readers.registry",
    "register_score": "holle_tf.evaluate.scores",
    "register_export_format": "holle_tf.export.formats",
    "register_option": "holle_tf.config",
    "Config": "holle_tf.config",
    "Predictor": "holle_tf.api.prediction",
    "Prediction": "holle_tf.api.prediction",
    "UserError": "pipelines.errors",
}
_FOLDERS = ("distill", "evaluate")  # packages that can be called: see callable_folder.py

__all__ = [*_HOMES, *_FOLDERS]


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return import_module(f"holle_tf.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'holle_tf' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
