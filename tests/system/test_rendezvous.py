"""The rendezvous of a cluster, and who is named when it fails; threads stand for processes."""

import socket
import threading
from functools import partial

import pytest

from holle_tf.system.cluster import Cluster, connect, port_of, wait_for
from holle_tf.system.rendezvous import GREETING, rendezvous
from pipelines.errors import UserError


@pytest.fixture
def addresses(free_addresses):
    """Of three processes."""
    return tuple(free_addresses(3))


def _rendezvous(addresses, index, seconds=10.0):
    def wait(found, what):
        return wait_for(found, what, seconds, "is it running?", poll_seconds=0.01)

    rendezvous(Cluster(addresses, index), wait)


def _listen(address):
    return socket.create_server(("127.0.0.1", port_of(address)))


def _begin(done, index, action):
    def run():
        action()
        done.append(index)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _reach(address):
    """A connection to what is about to listen there."""
    while True:
        try:
            return connect(address)
        except OSError:
            continue


def _introduced(address, index):
    """A connection of a process that waits for the others."""
    connection = _reach(address)
    assert connection.recv(64) == GREETING
    connection.sendall(b"%d\n" % index)
    return connection


def test_all_go_on_when_the_last_one_is_there(addresses):
    done, servers = [], []

    def chief():
        _rendezvous(addresses, 0)
        servers.append(_listen(addresses[0]))  # as TensorFlow does then

    threads = [_begin(done, 2, partial(_rendezvous, addresses, 2)), _begin(done, 0, chief)]
    for thread in threads:
        thread.join(0.3)
    assert done == []
    threads.append(_begin(done, 1, partial(_rendezvous, addresses, 1)))
    for thread in threads:
        thread.join(10)
    assert sorted(done) == [0, 1, 2]
    servers[0].close()


def test_one_that_ended_while_it_waited_is_missed(addresses):
    done = []
    chief = _begin(done, 0, partial(_rendezvous, addresses, 0))
    _introduced(addresses[0], 1).close()
    there = [_introduced(addresses[0], 2)]
    chief.join(0.3)
    assert done == []
    there.append(_introduced(addresses[0], 1))
    chief.join(10)
    assert done == [0] and [connection.recv(64) for connection in there] == [b"go\n"] * 2
    for connection in there:
        connection.close()


def test_the_chief_names_who_does_not_come(addresses):
    errors = []

    def chief():
        with pytest.raises(UserError) as error:
            _rendezvous(addresses, 0, seconds=0.5)
        errors.append(str(error.value))

    thread = _begin([], 0, chief)
    there = _introduced(addresses[0], 2)
    thread.join(10)
    assert f"for {addresses[1]} (process 2) of 3 processes; is it running?" in errors[0]
    assert there.recv(64) == b"", "nobody is told to go on"
    there.close()


def test_others_wait_for_the_chief_and_then_with_it(addresses):
    with pytest.raises(UserError, match=f"for the chief at {addresses[0]}; is it"):
        _rendezvous(addresses, 1, seconds=0.2)
    listening = _listen(addresses[0])
    listening.settimeout(5)

    def greet():
        connection, _ = listening.accept()
        connection.sendall(GREETING)
        connection.recv(64)
        connection.recv(64)  # until the other side closes

    thread = _begin([], 0, greet)
    with pytest.raises(UserError, match=f"for the others, as the chief at {addresses[0]} does; is it"):
        _rendezvous(addresses, 1, seconds=0.5)
    thread.join(10)
    listening.close()


@pytest.mark.parametrize("says", [b"", b"\0\0\0\4\0\0\0\0\0"])
def test_one_that_is_started_again_goes_in_where_the_chief_is_in_tensorflow(addresses, says):
    listening, open_until_then = _listen(addresses[0]), []

    def serve():
        connection, _ = listening.accept()
        open_until_then.append(connection)
        connection.sendall(says)

    thread = _begin([], 0, serve)
    _rendezvous(addresses, 1)
    thread.join(10)
    for connection in (listening, *open_until_then):
        connection.close()


def test_a_chief_that_is_started_again_goes_in_where_another_is_in_tensorflow(addresses):
    done = []
    chief = _begin(done, 0, partial(_rendezvous, addresses, 0))
    connection = _reach(addresses[0])
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    chief.join(10)
    assert done == [0]
    connection.close()
