"""The socket at which connections arrive, which does not run out of open files."""

from __future__ import annotations

import errno
import logging
import os
import socket
from typing import Any, Optional

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

BURST = 8  # connections that are taken in one turn of the event loop
_QUEUE = 2048  # connections that wait to be taken
_OTHER_FILES = 64  # that are open at times: of the page, of stores, and connections about to be closed
_FEWEST = 8  # connections, however few files may be open
_NO_FILES = (errno.EMFILE, errno.ENFILE)


class Listener(socket.socket):
    """A listening socket for asyncio, which takes all connections that wait before it looks at any of them.

    asyncio takes as many as it lets wait in the queue, and if no more files can be opened, it logs a
    traceback for each of them. So the queue is as long as ever here, but asyncio is given ``BURST`` for its
    length. If no file can be opened nonetheless, a connection is taken and closed.
    """

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._spare: Optional[int] = os.open(os.devnull, os.O_RDONLY)

    def listen(self, backlog: int = _QUEUE) -> None:
        """Accept connections; the queue does not depend on ``backlog``."""
        super().listen(_QUEUE)

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in _NO_FILES:
                raise
            logger.warning("no more files can be opened (ulimit -n): a connection was closed")
            self._drop()
            raise BlockingIOError from error

    def _drop(self) -> None:
        """Take a connection and close it, by the file that is kept open for this."""
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        try:
            super().accept()[0].close()
            self._spare = os.open(os.devnull, os.O_RDONLY)
        except OSError:  # another thread has opened a file meanwhile
            pass

    def close(self) -> None:
        """Close it."""
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        super().close()


def most_connections(wanted: int) -> int:
    """How many of ``wanted`` connections can be open, by the limit of open files."""
    if resource is None:
        return wanted
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if allowed == resource.RLIM_INFINITY:
        return wanted
    return max(_FEWEST, min(wanted, allowed - _open_files() - _OTHER_FILES))


def _open_files() -> int:
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 0
