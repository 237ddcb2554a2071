"""Many test processes share few cores: each keeps to one thread. And processes without this package."""

import os
import subprocess
import sys

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


@pytest.fixture
def without_package(tmp_path):
    """Function (script, arguments) -> what it prints, in a process that has not this package."""

    def run(script, *arguments):
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, "-I", "-c", _BLOCKED, str(script), *map(str, arguments)],
            cwd=tmp_path / "elsewhere", capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
