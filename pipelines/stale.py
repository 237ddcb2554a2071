"""Clearing away what killed runs left half-written."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

# The names that `atomic_folder` and the others write under: .<final name>.<process>-<random>.tmp
_TEMPORARY = re.compile(r"\..+\.(\d+)-[0-9a-f]{8}\.tmp")
IDLE_SECONDS = 600  # the process may live on another machine, where its number says nothing
OLD_SECONDS = 86400  # by then the number may belong to another process


def remove_stale(root: Path) -> Iterator[Path]:
    """Remove the temporary folders and files in ``root`` that nobody writes any more; gives those removed."""
    for path in sorted(root.glob(".*.tmp")):
        match = _TEMPORARY.fullmatch(path.name)
        if not match:
            continue
        idle = time.time() - _last_written(path)
        if idle > OLD_SECONDS or (idle > IDLE_SECONDS and not _alive(int(match[1]))):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            yield path


def _last_written(folder: Path) -> float:
    times = [folder.stat().st_mtime]
    for path in folder.rglob("*"):
        try:
            times.append(path.stat().st_mtime)
        except FileNotFoundError:  # renamed by the process that writes it
            times.append(time.time())
    return max(times)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and not ours
        return True
    return True
