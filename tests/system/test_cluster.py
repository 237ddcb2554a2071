"""TF_CONFIG, and waiting for other processes."""

import json
import socket

import pytest

from holle_tf.system.cluster import Cluster, check_free, is_listening, read_cluster, wait_for
from pipelines.errors import UserError

TWO = ["127.0.0.1:1001", "127.0.0.1:1002"]


def _environment(cluster, task=None):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, **({"task": task} if task else {})})}


def test_without_a_cluster_there_is_none():
    assert read_cluster({}) is None
    assert read_cluster({"TF_CONFIG": "{}"}) is None


def test_the_chief_is_the_first_whatever_the_order():
    cluster = {"worker": TWO, "chief": ["head:1000"]}
    found = read_cluster(_environment(cluster, {"type": "worker", "index": 1}))
    assert found == Cluster(("head:1000", *TWO), 2) and not found.chief
    assert read_cluster(_environment(cluster, {"type": "chief", "index": 0})).chief
    assert read_cluster(_environment({"worker": TWO}, {"type": "worker", "index": 0})).chief


@pytest.mark.parametrize(
    "text, said",
    [
        ("{worker", "not JSON"),
        ("[]", "expected"),
        ('{"cluster": []}', "expected"),
        (_environment({"ps": TWO}), "of ps"),
        (_environment({"worker": "here:1"}), "has to be a list"),
        (_environment({"worker": []}), "not empty"),
        (_environment({"worker": ["here"]}), "'here'; expected HOST:PORT"),
        (_environment({"worker": ["here:99999"]}), "expected HOST:PORT"),
        (_environment({"worker": [TWO[0], TWO[0]]}), "is given twice"),
        (_environment({"chief": TWO}, {"type": "chief", "index": 0}), "2 chiefs"),
        (_environment({"worker": TWO}), "task.type has to be one of worker"),
        (_environment({"worker": TWO}, {"type": "chief", "index": 0}), "task.type"),
        (_environment({"worker": TWO}, {"type": "worker", "index": 2}), "task.index=2 is outside"),
        (_environment({"worker": TWO}, {"type": "worker", "index": "1"}), "task.index='1'"),
        (_environment({"worker": TWO}, {"type": "worker"}), "task.index=None"),
    ],
)
def test_a_broken_cluster_is_said_in_one_line(text, said):
    with pytest.raises(UserError, match="^TF_CONFIG: ") as error:
        read_cluster({"TF_CONFIG": text} if isinstance(text, str) else text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_waiting_ends_with_what_was_found_or_with_a_remedy(logged):
    results = iter([None, None, "data"])
    assert wait_for(lambda: next(results), "the data", 10, "look", poll_seconds=0.01) == "data"
    assert logged.messages == ["waiting for the data"]
    with pytest.raises(UserError, match="waited 0 s for the data; look there"):
        wait_for(lambda: None, "the data", 0.05, "look there", poll_seconds=0.01)


def test_a_port_that_is_taken_is_noticed_and_one_that_nobody_listens_at():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert is_listening(address)
        with pytest.raises(UserError, match="cannot listen on port"):
            check_free(address)
    assert not is_listening(address)
    check_free(address)
