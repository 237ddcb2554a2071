"""Each test process keeps to one thread, as many share few cores; a tiny corpus, and models of it."""

import logging
import os
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

import holle_tf  # noqa: F401  before TensorFlow, whose options it sets

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

_BLOCKED = """
import sys, runpy
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("holle_tf", "pipelines", "benchmarks"):
            raise ImportError(name + " is not installed here")
sys.meta_path.insert(0, Blocked())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def pytest_collection_modifyitems(items):
    """Slow tests first, so that no worker is left with one at the end while the others have nothing to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_make_parametrize_id(config, val, argname):
    """Unreadable bytes stay out of names: packed ones hold the time, which differs from worker to worker."""
    if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()):
        return argname
    return None


@pytest.fixture
def without_package(tmp_path):
    """Function (script, arguments) -> what it prints, in a process without this package."""

    def run(script, *arguments):
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-I", "-c", _BLOCKED, str(script), *map(str, arguments)],
            cwd=tmp_path / "elsewhere", capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


TINY = (
    "demo.train_examples=48",
    "demo.dev_examples=10",
    "demo.test_examples=12",
    "demo.document_words=40",
    "sam.units=8",
    "sam.layers=1",
    "sam.inner_units=8",
    "sam_match.units=8",
    "sam_match.layers=1",
    "sam_match.inner_units=8",
    "sam_match.match_units=4",
    "sam_match.align_units=4",
    "qanet.units=16",
    "qanet.heads=2",
    "qanet.char_dim=8",
    "qanet.model_blocks=1",
    "qanet.encoder_convs=1",
    "qanet.model_convs=1",
    "bidaf.units=8",
    "bidaf.char_filters=8",
    "bidaf.modelling_layers=1",
    "training.sam.epochs=2",
    "training.sam_match.epochs=2",
    "training.qanet.epochs=1",
    "training.bidaf.epochs=1",
    "training.sam.batch_size=16",
    "training.sam_match.batch_size=16",
    "board.enabled=false",
)


@pytest.fixture(scope="session")
def runs_dir(tmp_path_factory):
    """Where this process's prepared data and runs go."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def tiny(runs_dir):
    """Function (assignments) -> configuration of a tiny run on the tiny corpus."""

    from holle_tf.config_sources import load_config

    def make(*assignments, **flags):
        return load_config((), [*TINY, *assignments], {"runs_dir": str(runs_dir), **flags})

    return make


@pytest.fixture(scope="session")
def prepared(tiny):
    """The tiny corpus, prepared once."""
    from holle_tf.runs.data import open_data

    return open_data(tiny())


@pytest.fixture(scope="session")
def trained(tiny, prepared):
    """Function (kind, seed) -> a finished teacher of the tiny corpus, each trained once."""

    from holle_tf.training.train import ensure_run

    def teacher(kind, seed=30):
        config = replace(tiny(seed=seed), model=kind)
        return ensure_run(config, prepared)

    return teacher


@pytest.fixture(scope="session")
def student_run(tiny, prepared):
    """A finished student of the tiny corpus, on its labels alone."""

    from holle_tf.training.train import ensure_run

    return ensure_run(replace(tiny(seed=20), recipe="add_train"), prepared)


@pytest.fixture
def logged(caplog):
    """What is logged, from level info on: ``logged.messages``."""
    caplog.set_level(logging.INFO)
    return caplog


@pytest.fixture
def on_line(logged):
    """Function (callback): it gets every line that is logged from now on, and can raise there."""
    handlers = []

    def listen(callback):
        handler = logging.Handler()
        handler.emit = lambda record: callback(record.getMessage())
        logging.getLogger().addHandler(handler)
        handlers.append(handler)

    yield listen
    for handler in handlers:
        logging.getLogger().removeHandler(handler)


@pytest.fixture
def free_addresses():
    """Function (count) -> as many addresses of this machine, on ports that nothing listens at."""

    def find(count):
        sockets = [socket.socket() for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{listener.getsockname()[1]}" for listener in sockets]
        for listener in sockets:
            listener.close()
        return addresses

    return find


LEARNING = (
    "data.unanswerable=learn",
    "data.min_word_count=1",
    "data.min_char_count=1",
    "data.word_dim=16",
    "data.long_words=24",
    "training.sam.epochs=12",
    "training.sam.learning_rate=0.02",
    "distill.chunk_words=8",
    "distill.chunk_stride=6",
)


@pytest.fixture(scope="session")
def learning(tmp_path_factory):
    """Function (assignments) -> configuration of a tiny run that learns when there is no answer."""
    from holle_tf.config_sources import load_config
    from tests.squad2 import write_squad2

    root = tmp_path_factory.mktemp("unanswerable")
    folder = write_squad2(root / "squad2")

    def configure(*assignments, **flags):
        paths = {"runs_dir": str(root / "runs"), "data_dir": str(folder), "glove": "none"}
        return load_config((), [*TINY, *LEARNING, *assignments], {**paths, **flags})

    return configure


@pytest.fixture(scope="session")
def learning_data(learning):
    """Its data, prepared once."""
    from holle_tf.runs.data import open_data

    return open_data(learning())


@pytest.fixture(scope="session")
def learning_student(learning, learning_data):
    """A student that has learned when there is no answer."""
    from holle_tf.training.train import ensure_run

    return ensure_run(learning(recipe="add_train"), learning_data)
