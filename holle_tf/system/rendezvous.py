"""All processes of a cluster find each other before TensorFlow looks for them.

TensorFlow waits for the others without an end and within Python's lock: nobody could be told for whom, and
nothing could give up. So the chief listens at its own address first, and all go into TensorFlow together.
"""

from __future__ import annotations

import socket
from typing import Callable, Optional

from holle_tf.system.cluster import Cluster, What, answers, connect, port_of

GREETING = b"holle_tf\n"  # of the chief; another process answers with its index and a line's end
GO = b"go\n"  # of the chief, when all are there
_HTTP2 = b"PRI "  # how TensorFlow's calls begin

# (found, what) as of ``cluster.wait_for``.
Wait = Callable[[Callable[[], bool], What], object]


def meet(cluster: Cluster, wait: Wait) -> None:
    """Return when all processes are there, or where the chief is in TensorFlow already.

    One that is started again finds the chief there, goes in as well, and is noticed as another one.

    Args:
        wait: ``Devices.wait_for``.

    Raises:
        UserError: another process did not come in time.
    """
    if cluster.chief:
        with _Gathering(cluster) as gathering:
            wait(gathering.look, gathering.missing)
    else:
        joining = _Joining(cluster)
        try:
            wait(joining.look, joining.missing)
        finally:
            joining.close()
        # Between the two there is a moment in which nobody listens.
        wait(lambda: answers(cluster.addresses[0]), joining.missing)


class _Gathering:
    """The chief's side: who is there."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._said: dict[socket.socket, bytes] = {}  # of each open connection, what came over it

    def __enter__(self) -> _Gathering:
        port, both = port_of(self._cluster.addresses[0]), socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        self._listening = socket.create_server(("", port), family=family, dualstack_ipv6=both)
        self._listening.setblocking(False)
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        self._listening.close()  # first, so that what answers there from now on is TensorFlow
        for connection in self._said:
            if failed is None:
                try:
                    connection.send(GO)
                except OSError:
                    pass  # it ended just now, and will be missed by TensorFlow
            connection.close()

    def look(self) -> bool:
        """Whether all are there, or one is in TensorFlow already and waits for this process there."""
        while self._accept():
            pass
        for connection in list(self._said):
            try:
                came = connection.recv(64)
            except BlockingIOError:
                continue
            except OSError:
                came = b""
            if came:
                self._said[connection] += came
            else:
                del self._said[connection]
                connection.close()
        return not self._absent() or any(text.startswith(_HTTP2) for text in self._said.values())

    def missing(self) -> str:
        """Who is not there yet, for people."""
        each = [f"{self._cluster.addresses[i]} (process {i + 1})" for i in self._absent()]
        return f"{', '.join(each)} of {len(self._cluster.addresses)} processes"

    def _accept(self) -> bool:
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            return False
        connection.setblocking(False)
        self._said[connection] = b""
        try:
            connection.send(GREETING)
        except OSError:
            pass  # found closed when it is read
        return True

    def _absent(self) -> list[int]:
        there = set(self._said.values())
        return [i for i in range(1, len(self._cluster.addresses)) if b"%d\n" % i not in there]


class _Joining:
    """Another process's side."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._connection: Optional[socket.socket] = None

    def look(self) -> bool:
        """Whether to go into TensorFlow."""
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
        """Who is not there yet, for people."""
        chief = f"the chief at {self._cluster.addresses[0]}"
        return chief if self._connection is None else f"the others, as {chief} does"

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _greeting(connection: socket.socket) -> bytes:
    """What is said at the chief's address: something else, or nothing, by TensorFlow.

    Raises:
        OSError: it was closed.
    """
    try:
        greeting = connection.recv(len(GREETING))
    except socket.timeout:  # which is no TimeoutError before Python 3.10
        return b""
    if not greeting:
        raise ConnectionResetError
    return greeting
