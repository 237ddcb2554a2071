"""What a wheel contains, and the command that it installs."""

import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("holle_tf", "pipelines", "tuning")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the metadata of the package, and in ``build/lib`` the files of its wheel."""
    folder = tmp_path_factory.mktemp("package")
    code = "import setuptools; setuptools.setup()"
    steps = ["egg_info", "--egg-base", str(folder), "build", "--build-base", str(folder / "build")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "-q", *steps], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_wheel_has_every_file_of_the_packages_and_no_other(built):
    own = {
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    library = built / "build" / "lib"
    assert {path.relative_to(library) for path in library.rglob("*") if path.is_file()} == own
    assert Path("holle_tf/presets/smoke.yaml") in own and Path("holle_tf/py.typed") in own


def test_the_installed_command_does_what_the_module_does(built):
    (entry,) = PathDistribution(built / "holle_tf.egg-info").entry_points
    assert (entry.group, entry.name) == ("console_scripts", "holle-tf")
    script = (
        f"import sys; sys.argv[0] = '/bin/holle-tf'; from {entry.module} import {entry.attr}; {entry.attr}()"
    )
    helps = [
        subprocess.run([sys.executable, *how, "--help"], cwd=ROOT, capture_output=True, text=True).stdout
        for how in (["-c", script], ["-m", "holle_tf.main"])
    ]
    by_script, by_module = (help.replace(f"{ROOT / 'holle_tf/main.py'}:", "holle_tf.main:") for help in helps)
    assert by_script == by_module and "--mode" in by_script
