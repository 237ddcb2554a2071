"""The Dockerfile's image without TensorFlow has every package that serving an ONNX export imports."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# Fails at the first import of a distribution that is not named.
_SERVE = """
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
allowed, homes = set(sys.argv[1].split(",")), packages_distributions()
class Absent:
    def find_spec(self, name, path=None, target=None):
        owners = {owner.lower().replace("_", "-").replace(".", "-") for owner in homes.get(name, ())}
        return ModuleSpec(name, self) if owners and not owners & allowed else None
    def create_module(self, spec):
        raise ModuleNotFoundError(f"{spec.name} is not in the image")
    exec_module = None
sys.meta_path.insert(0, Absent())
import holle_tf.main
from holle_tf.config_sources import load_config
from holle_tf.modes import serve as mode
from holle_tf.serve import app, backend, onnx_backend, server
import uvicorn
app.create_app({}, load_config().serve)
print("served without", sorted(set(homes) & {"tensorflow", "matplotlib"}))
"""


def _with_dependencies(names):
    """Names of distributions and of all that they require."""
    found, waiting = set(), [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue  # of another system
        asked = [Requirement(line) for line in lines]
        waiting += [
            canonicalize_name(one.name)
            for one in asked
            if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    return found


@pytest.mark.parametrize("left_out", [None, "onnxruntime"])
def test_serving_an_export_imports_only_packages_of_the_image(left_out):
    pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")
    stage = (ROOT / "Dockerfile").read_text().split("AS onnx")[1].split("FROM")[0]
    named = re.search(r"-r requirements-serve\.txt \\\n(.*)", stage).group(1).split()
    lines = (ROOT / "requirements-serve.txt").read_text().splitlines()
    named += [line.partition("==")[0] for line in lines if not line.startswith("#")]
    packages = _with_dependencies(name for name in named if name != left_out)
    command = [sys.executable, "-c", _SERVE, ",".join(packages)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    if left_out:
        assert f"{left_out} is not in the image" in done.stderr
    else:
        assert "served without ['matplotlib', 'tensorflow']" in done.stdout, done.stderr
