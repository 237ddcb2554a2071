"""``--mode=serve`` as a process: it says where it is, answers, and stops when told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from holle_tf.config_sources import load_config
from holle_tf.modes import serve as mode
from holle_tf.options.serve import ServeConfig
from pipelines.errors import UserError

ROOT = Path(__file__).parents[2]


@contextmanager
def service(*arguments):
    """A process that serves; yields it and its address."""
    pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")
    command = [sys.executable, "-m", "holle_tf.main", "--mode=serve", "--port=0", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("serving"), process.stderr.read()
        yield process, line.split(" at ")[1].split("/;")[0]
    finally:
        process.kill()
        process.communicate()


def test_a_run_is_served_until_sigterm(untrained_run, runs_dir):
    run = untrained_run("sam").path
    with service(f"--run_dir={run}", f"--runs_dir={runs_dir}") as (process, address):
        body = {"instances": [{"document": "It cost 2.8 million.", "query": "How much?"}]}
        url = f"{address}/v1/models/sam:predict"
        with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=60) as reply:
            (found,) = json.loads(reply.read())["predictions"]
        assert found["span"] in body["instances"][0]["document"]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "stopped" in said and "Traceback" not in said


def test_models_of_one_kind_are_told_apart_by_a_number(first_word):
    backends = [first_word(), first_word(), first_word()]
    backends[1].card = replace(backends[1].card, kind="qanet")
    assert list(mode.name_backends(backends)) == ["sam", "qanet", "sam-2"]


def test_without_its_packages_the_mode_names_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr(mode, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="uvicorn, prometheus_client: .*pip install .*sh install.sh serve"):
        mode.serve_mode(load_config())


def test_a_port_that_is_taken_is_said_in_a_line():
    pytest.importorskip("uvicorn", reason="requirements-serve.txt is not installed")
    from holle_tf.serve.server import listen

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .*--port"):
            listen(ServeConfig(port=port))
    with pytest.raises(UserError, match="cannot listen at"):
        listen(ServeConfig(host="192.0.2.1", port=0))


@pytest.mark.parametrize("wrong", ["serve.max_batch=0", "serve.port=70000", "serve.max_wait_ms=-1"])
def test_wrong_options_are_refused(wrong):
    with pytest.raises(UserError, match=wrong.split("=")[0]):
        load_config((), [wrong])


def test_the_configuration_is_read_without_tensorflow():
    code = "import holle_tf.config, holle_tf.modes.serve, sys; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
