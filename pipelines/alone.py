"""One process at a time in a folder."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator


@contextmanager
def alone_in(folder: Path, wait: Callable[[], None]) -> Iterator[None]:
    """A context that only one of the processes which ask for it has at a time; it ends with its process.

    Where the file system knows no locks it is no hindrance to anybody.

    Args:
        folder: exists.
        wait: called before waiting for another process.
    """
    handle = os.open(folder, os.O_RDONLY)  # of the folder itself, so that no lock file is left behind
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
    finally:
        os.close(handle)
