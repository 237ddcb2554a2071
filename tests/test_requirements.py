"""The requirements files pin what the package asks for in pyproject.toml, within its ranges."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools.config.pyprojecttoml import read_configuration

ROOT = Path(__file__).parent.parent
# That python3.9 to python3.11 -m venv brings; a pin would change it.
OF_THE_ENVIRONMENT = {"setuptools"}
DEVELOPMENT = {"pytest", "pytest-xdist", "hypothesis", "ruff", "mypy", "types-pyyaml"}


@pytest.fixture(scope="module")
def project():
    """The table [project] of pyproject.toml."""
    return read_configuration(ROOT / "pyproject.toml", expand=False)["project"]


def asked(lines):
    """Name -> requirement of the lines of pyproject.toml."""
    requirements = map(Requirement, lines)
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def pinned(name):
    """Name -> version of a requirements file; tensorflow-cpu is TensorFlow as well."""
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        line = line.partition("#")[0].strip()
        if not line or line.startswith("-r "):
            continue
        requirement = Requirement(line)
        (version,) = requirement.specifier
        assert version.operator == "==", f"{name}: {line}"
        found[canonicalize_name(requirement.name).replace("tensorflow-cpu", "tensorflow")] = version.version
    return found


def test_requirements_txt_pins_what_the_package_asks_for_and_the_tools_of_development(project):
    package, pins = asked(project["dependencies"]), pinned("requirements.txt")
    assert set(package) - OF_THE_ENVIRONMENT == set(pins) - DEVELOPMENT
    assert DEVELOPMENT <= set(pins)


@pytest.mark.parametrize("extra", ["serve", "beam", "documents", "gpu", "parquet"])
def test_the_file_of_an_extra_pins_what_the_extra_asks_for(project, extra):
    assert set(asked(project["optional-dependencies"][extra])) == set(pinned(f"requirements-{extra}.txt"))


def test_every_pin_is_in_the_range_that_the_package_asks_for(project):
    extras = project["optional-dependencies"]
    files = {"requirements.txt": project["dependencies"]}
    files.update({f"requirements-{extra}.txt": extras[extra] for extra in extras})
    for name, lines in files.items():
        pins = pinned(name)
        for package, requirement in asked(lines).items():
            if package not in OF_THE_ENVIRONMENT:
                assert requirement.specifier.contains(pins[package]), f"{name}: {requirement}"


def test_the_packages_for_cpu_and_gpu_are_of_one_tensorflow():
    assert pinned("requirements.txt")["tensorflow"] == pinned("requirements-gpu.txt")["tensorflow"]
