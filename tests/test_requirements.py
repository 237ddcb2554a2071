"""The two requirement files differ in TensorFlow alone, and all is pinned."""

from pathlib import Path

ROOT = Path(__file__).parent.parent


def _packages(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_files_for_cpu_and_gpu_differ_in_tensorflow_alone():
    cpu, gpu = (
        [
            line
            for line in _packages(name)
            if not line.startswith(("tensorflow==", "tensorflow-cpu", "tensorflow["))
        ]
        for name in ("requirements.txt", "requirements-gpu.txt")
    )
    assert cpu == gpu


def test_every_package_is_pinned():
    for name in ("requirements.txt", "requirements-gpu.txt"):
        assert all("==" in line for line in _packages(name))
