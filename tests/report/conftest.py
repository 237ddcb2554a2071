"""The configuration of ``--size=smoke`` with even less data."""

import pytest

from holle_tf.config_sources import load_config, preset
from holle_tf.report import costs

SMALLER = (
    "demo.train_examples=32",
    "demo.dev_examples=8",
    "demo.test_examples=16",
    "report.resamples=200",
    "board.enabled=false",
)
COSTS = {
    "inference": {"sd": {m: {"seconds": s, "memory_mb": 100.0 * s, "examples": 16} for m, s in
                         (("sam", 2.0), ("bidaf", 9.0), ("qanet", 5.0))}},
    "training": {"sam": {"seconds_per_epoch": 4.0, "parameters": 1234, "memory_mb": 1.0, "examples": 32}},
}  # fmt: skip


@pytest.fixture
def given_costs(monkeypatch):
    """Replaces measurements of costs; gives their result, and a list of the setups of each measurement."""
    calls = []

    def benchmark(config, setups):
        calls.append(setups)
        return COSTS

    monkeypatch.setattr(costs, "run_benchmark", benchmark)
    return COSTS, calls


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory):
    """The folder for prepared data and runs."""
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def load(runs_dir):
    """The ``load`` of ``report_mode``: function (presets, options) -> configuration."""

    def configuration(*names, **options):
        files = [preset(name) for name in dict.fromkeys([*names, "demo", "smoke"])]
        given = {name: str(value) if name == "runs_dir" else value for name, value in options.items()}
        return load_config(files, SMALLER, {"runs_dir": str(runs_dir), **given})

    return configuration
