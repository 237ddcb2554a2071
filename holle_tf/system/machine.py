"""The machine on which something was measured, and the command."""

from __future__ import annotations

import platform
import shlex
import sys
from pathlib import Path
from typing import Any

from pipelines.parallel import cores

# Extensions that number formats depend on.
_EXTENSIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def machine() -> dict[str, Any]:
    """``cpu``, its name with the extensions that number formats depend on, and ``cores``, their number."""
    return {"cpu": _cpu(), "cores": cores()}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    known = [name for name in _EXTENSIONS if name in fields.get("flags", "").split()]
    return f"{fields.get('model name', platform.machine())} ({', '.join(known)})"


def command_line() -> str:
    """The command of this process as a user gives it, whatever the path of this checkout."""
    return shlex.join(["python", "-m", "holle_tf.main", *sys.argv[1:]])
