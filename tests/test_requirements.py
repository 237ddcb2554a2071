"""The requirements files pin what the package asks for in pyproject.toml, for every Python."""

from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from setuptools.config.pyprojecttoml import read_configuration

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# That python3.9 to python3.11 -m venv brings; a pin would change it.
OF_THE_ENVIRONMENT = {"setuptools"}
DEVELOPMENT = {"pytest", "pytest-xdist", "hypothesis", "ruff", "mypy", "types-pyyaml"}

pytestmark = pytest.mark.parametrize("python", PYTHONS)


@pytest.fixture(scope="module")
def project():
    """The table [project] of pyproject.toml."""
    return read_configuration(ROOT / "pyproject.toml", expand=False)["project"]


def of_python(lines, python):
    """The requirements among some lines that hold for a Python on Linux."""
    where = {**default_environment(), "python_version": python, "platform_system": "Linux"}
    requirements = map(Requirement, lines)
    return [each for each in requirements if each.marker is None or each.marker.evaluate(where)]


def asked(lines, python):
    """Name -> requirement of the lines of pyproject.toml, without what an environment brings."""
    found = {canonicalize_name(each.name): each for each in of_python(lines, python)}
    return {name: each for name, each in found.items() if name not in OF_THE_ENVIRONMENT}


def pinned(file, python, marked=False):
    """Name -> version of a file, or of its lines with a marker; tensorflow-cpu is TensorFlow as well."""
    lines = [line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    found = {}
    for each in of_python([line for line in lines if line and not line.startswith("-r ")], python):
        (version,) = each.specifier
        assert version.operator == "==", f"{file}: {each}"
        name = canonicalize_name(each.name).replace("tensorflow-cpu", "tensorflow")
        assert name not in found, f"{file} pins {name} twice for Python {python}"
        if not marked or each.marker:
            found[name] = version.version
    return found


def test_requirements_txt_pins_what_the_package_asks_for_and_the_tools_of_development(project, python):
    pins = pinned("requirements.txt", python)
    assert set(asked(project["dependencies"], python)) == set(pins) - DEVELOPMENT
    assert DEVELOPMENT <= set(pins)


@pytest.mark.parametrize("extra", ["serve", "beam", "dask", "documents", "gpu", "parquet"])
def test_the_file_of_an_extra_pins_what_the_extra_asks_for(project, extra, python):
    lines = project["optional-dependencies"][extra]
    assert set(asked(lines, python)) == set(pinned(f"requirements-{extra}.txt", python))


def test_every_pin_is_in_the_range_that_the_package_asks_for(project, python):
    extras = project["optional-dependencies"]
    files = {"requirements.txt": project["dependencies"]}
    files.update({f"requirements-{extra}.txt": extras[extra] for extra in extras})
    for file, lines in files.items():
        pins = pinned(file, python)
        for package, requirement in asked(lines, python).items():
            assert requirement.specifier.contains(pins[package]), f"{file}: {requirement}"


def test_the_packages_for_cpu_and_gpu_are_of_the_same_tensorflow(python):
    versions = [pinned(f"requirements{which}.txt", python)["tensorflow"] for which in ("", "-gpu")]
    assert versions[0] == versions[1]


def test_tensorflow_comes_with_addons_or_with_the_keras_2_of_its_version(project, python):
    pins = pinned("requirements.txt", python)
    assert ("tensorflow-addons" in pins) == (python in ("3.9", "3.10", "3.11"))
    assert pins.get("tf-keras", pins["tensorflow"]) == pins["tensorflow"]
    assert SpecifierSet(project["requires-python"]).contains(f"{python}.1")


def test_requirements_current_txt_replaces_every_line_of_the_newer_pythons(python):
    pins = pinned("requirements-current.txt", python)
    if python in ("3.12", "3.13"):
        assert not pins
    elif python != "3.9":  # TensorFlow 2.21 begins with 3.10
        newer = {}
        for file in ("requirements.txt", "requirements-beam.txt"):
            newer.update(pinned(file, "3.12", marked=True))
        assert set(pins) == set(newer)
        assert all(Version(pins[name]) <= Version(newer[name]) for name in pins)
        assert pins["tensorflow"] == pins["tf-keras"] == newer["tensorflow"]
