"""Which number format a model computes in."""

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

    ``auto`` is bfloat16 for a teacher on a CPU that multiplies bfloat16 itself, and none elsewhere: a CPU
    that has to emulate it takes about twice as long as in float32. The student gains nothing from it, its
    time goes into the steps of a loop and not into products. On a GPU one has to ask for float16.

    Args:
        wanted: auto | none | bfloat16 | float16.
        model: a name of the catalogue.
        cpuinfo: Linux' description of the CPU; a system without it counts as one without bfloat16.

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
    """A context in which ``model`` computes in float32, whatever format its layers were made for.

    Their variables are float32 in any case. What is traced in the context stays so.
    """
    layers = [one for one in model.submodules if isinstance(one, tf.keras.layers.Layer)]
    mixed = [(layer, layer.dtype_policy) for layer in layers if layer.compute_dtype != layer.variable_dtype]
    try:
        for layer, policy in mixed:
            layer._set_dtype_policy(policy.variable_dtype)  # Keras 2 has no public way
        yield
    finally:
        for layer, policy in mixed:
            layer._set_dtype_policy(policy)
