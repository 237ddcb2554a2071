"""Peak memory of the process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def reset_peak_memory() -> None:
    """Start a new measurement, where the system allows it (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # elsewhere the peak is that of the whole process


def peak_memory_mb() -> float:
    """Largest resident memory since the last reset, in MB (10^6 bytes)."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
