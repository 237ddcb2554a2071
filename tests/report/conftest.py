"""The configuration of ``--size=smoke``, made smaller still."""

import pytest

from holle_tf.config import load_config, preset

SMALLER = (
    "demo.train_examples=32",
    "demo.dev_examples=8",
    "demo.test_examples=16",
    "report.resamples=200",
    "board.enabled=false",
)


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory):
    """Where prepared data and runs go."""
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def load(runs_dir):
    """Function (presets, options) -> configuration, as the command line gives it to ``report_mode``."""

    def configuration(*names, **options):
        files = [preset(name) for name in dict.fromkeys([*names, "demo", "smoke"])]
        given = {name: str(value) if name == "runs_dir" else value for name, value in options.items()}
        return load_config(files, SMALLER, {"runs_dir": str(runs_dir), **given})

    return configuration
