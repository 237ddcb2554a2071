"""The machine that a measurement was made on."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from pipelines.parallel import cores

_EXTENSIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # that decide about number formats


def machine() -> dict[str, Any]:
    """``cpu``, the model's name and its extensions, and ``cores`` that this process may use."""
    return {"cpu": _cpu(), "cores": cores()}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    known = [f for f in _EXTENSIONS if f in fields.get("flags", "").split()]
    return f"{fields.get('model name', platform.machine())} ({', '.join(known)})"
