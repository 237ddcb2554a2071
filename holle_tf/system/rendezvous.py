"""The rendezvous of a cluster: all its processes find each other before TensorFlow connects them.

TensorFlow itself would wait for the others without a limit while it holds Python's lock, so it could neither
say which process is missing nor give up. So the chief first listens at its own address. When all processes
have called, all of them start TensorFlow's server together.
"""

from __future__ import annotations

import socket
from typing import Callable, Optional

from holle_tf.system.cluster import Awaited, Cluster, connect, is_listening, port_of

GREETING = b"holle_tf\n"  # from the chief; another process answers with its index and a newline
GO = b"go\n"  # from the chief, when all have answered
_HTTP2 = b"PRI "  # the first bytes of a call to TensorFlow's server

# A function (found, what) that waits as ``cluster.wait_for`` does.
Wait = Callable[[Callable[[], bool], Awaited], object]


def rendezvous(cluster: Cluster, wait: Wait) -> None:
    """Return when all processes are there, or when the chief has already started TensorFlow's server.

    A process that was restarted finds the chief's server. It starts its own, and TensorFlow notices that this
    is not the same process.

    Args:
        wait: ``Devices.wait_for``.

    Raises:
        UserError: another process did not come in time.
    """
    if cluster.chief:
        with _ChiefSide(cluster) as chief:
            wait(chief.all_there, chief.missing)
    else:
        worker = _WorkerSide(cluster)
        try:
            wait(worker.released, worker.missing)
        finally:
            worker.close()
        # The chief stops listening a moment before TensorFlow's server does it.
        wait(lambda: is_listening(cluster.addresses[0]), worker.missing)


class _ChiefSide:
    """Listens for the other processes, and releases them when all have called."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._received: dict[socket.socket, bytes] = {}  # by open connection

    def __enter__(self) -> _ChiefSide:
        port, both = port_of(self._cluster.addresses[0]), socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        self._listening = socket.create_server(("", port), family=family, dualstack_ipv6=both)
        self._listening.setblocking(False)
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._listening.close()  # first, so that from now on only TensorFlow listens there
        for connection in self._received:
            if failed is None:
                try:
                    connection.send(GO)
                except OSError:
                    pass  # it has just ended, and TensorFlow will notice
            connection.close()

    def all_there(self) -> bool:
        """Whether all have called, or one has already started TensorFlow's server and waits there."""
        while self._accept():
            pass
        for connection in list(self._received):
            if not self._read(connection):
                del self._received[connection]
                connection.close()
        return not self._absent() or any(text.startswith(_HTTP2) for text in self._received.values())

    def missing(self) -> str:
        """The missing processes, in words."""
        absent = [f"{self._cluster.addresses[i]} (process {i + 1})" for i in self._absent()]
        return f"{', '.join(absent)} of {len(self._cluster.addresses)} processes"

    def _accept(self) -> bool:
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            return False
        connection.setblocking(False)
        self._received[connection] = b""
        try:
            connection.send(GREETING)
        except OSError:
            pass  # the next read finds that it is closed
        return True

    def _read(self, connection: socket.socket) -> bool:
        """Read all that has come, so that one which called and ended is not taken to be there.

        Returns:
            Whether the other side is still there.
        """
        try:
            while received := connection.recv(64):
                self._received[connection] += received
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def _absent(self) -> list[int]:
        there = set(self._received.values())
        return [i for i in range(1, len(self._cluster.addresses)) if b"%d\n" % i not in there]


class _WorkerSide:
    """Calls the chief, and waits until it releases all processes."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._connection: Optional[socket.socket] = None

    def released(self) -> bool:
        """Whether to start TensorFlow's server."""
        try:
            connection = self._connection
            if connection is None:
                connection = self._connection = connect(self._cluster.addresses[0])
                if _greeting(connection) != GREETING:
                    return True
                connection.sendall(b"%d\n" % self._cluster.index)
                connection.setblocking(False)
            if connection.recv(len(GO)) == GO:
                return True
            self.close()  # the chief ended; a new one may come
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        return False

    def missing(self) -> str:
        """The missing processes, in words."""
        chief = f"the chief at {self._cluster.addresses[0]}"
        return chief if self._connection is None else f"the others, as {chief} does"

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _greeting(connection: socket.socket) -> bytes:
    """The first bytes from the chief's address; TensorFlow's server sends others, or none.

    Raises:
        OSError: the connection was closed.
    """
    try:
        greeting = connection.recv(len(GREETING))
    except socket.timeout:  # not a TimeoutError before Python 3.10
        return b""
    if not greeting:
        raise ConnectionResetError
    return greeting
