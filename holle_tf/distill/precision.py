"""The number format that a model computes in."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import tensorflow as tf

from holle_tf.catalogue import is_student

POLICIES = {"none": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
_CPUINFO = Path("/proc/cpuinfo")
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def resolve_precision(wanted: str, model: str, cpuinfo: Path = _CPUINFO) -> str:
    """What ``training.*.mixed_precision`` means for ``model`` on this machine.

    ``auto`` is bfloat16 for a teacher on a CPU that has instructions for it, and none elsewhere: emulating
    bfloat16 takes about twice as long as float32. The student gains nothing from it, because it spends its
    time on the steps of a loop, not on products. On a GPU, float16 has to be asked for.

    Args:
        wanted: auto | none | bfloat16 | float16.
        model: a name of the catalogue.
        cpuinfo: Linux's description of the CPU; a system without it counts as without bfloat16.

    Returns:
        none | bfloat16 | float16, a key of ``POLICIES``.
    """
    if wanted != "auto":
        return wanted
    if is_student(model) or tf.config.list_physical_devices("GPU"):
        return "none"
    try:
        words = set(cpuinfo.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return "none"
    return "bfloat16" if words & _BFLOAT16_FLAGS else "none"


@contextmanager
def computing_in_float32(model: tf.keras.Model) -> Iterator[None]:
    """A context in which ``model`` computes in float32, whatever format its layers were created for.

    Variables are float32 in any case. Functions that are traced in this context keep computing in float32.
    """
    layers = [module for module in model.submodules if isinstance(module, tf.keras.layers.Layer)]
    mixed = [(layer, layer.dtype_policy) for layer in layers if layer.compute_dtype != layer.variable_dtype]
    try:
        for layer, policy in mixed:
            layer._set_dtype_policy(policy.variable_dtype)  # Keras 2 has no public method
        yield
    finally:
        for layer, policy in mixed:
            layer._set_dtype_policy(policy)
