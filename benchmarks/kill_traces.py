"""What kills leave behind, and how often all was as it should be."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any, Iterator

from benchmarks.kill_modes import MODES

_OLD = 1200  # seconds that temporary files are made older by
_LEFTOVERS = (".*.tmp", ".*.piece", "*.spool", "*.partial", "*.partial.json")


def leftovers(work: Path) -> Iterator[Path]:
    """Temporary files and folders."""
    return (path for pattern in _LEFTOVERS for path in work.rglob(pattern))


def age(work: Path) -> int:
    """Make temporary files look as if nothing had been written to them for a while; how many there are."""
    then, found = time.time() - _OLD, list(leftovers(work))
    for path in found:
        for inner in (path, *path.rglob("*")):
            os.utime(inner, (then, then))
    return len(found)


def figures(done: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each mode, how many kills there were, and after how many of them all was as it should be."""
    rows = []
    for mode in MODES:
        own = [found for found in done if found["mode"] == mode]
        counts = Counter(
            {
                "kills": len(own),
                "kills that left temporary files": sum(found["temporary"] > 0 for found in own),
                "same outcome": sum(found["same"] for found in own),
                "nothing left behind": sum(not found["left"] for found in own),
            }
        )
        if own:
            rows.append({"mode": mode, **counts})
    return rows
