"""A tiny corpus, and spaces whose trials take a second each."""

import pytest
import yaml

from holle_tf.config_sources import load_config

TINY = (
    "demo.train_examples=24",
    "demo.dev_examples=6",
    "demo.test_examples=6",
    "demo.document_words=40",
    "sam.units=8",
    "sam.layers=1",
    "sam.inner_units=8",
    "qanet.units=16",
    "qanet.heads=2",
    "qanet.char_dim=8",
    "qanet.model_blocks=1",
    "qanet.encoder_convs=1",
    "qanet.model_convs=1",
    "training.sam.epochs=2",
    "training.qanet.epochs=1",
    "training.sam.batch_size=16",
    "board.enabled=false",
)


@pytest.fixture(scope="session")
def runs_dir(tmp_path_factory):
    """Where this process's prepared data and runs go."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def tiny(runs_dir):
    """Function (assignments) -> configuration of a tiny search in this process."""

    def make(*assignments, **flags):
        base = [*TINY, "tuning.isolate=false", "tuning.trial_epochs=1"]
        return load_config((), [*base, *assignments], {"runs_dir": str(runs_dir), **flags})

    return make


@pytest.fixture
def space_file(tmp_path):
    """Function (content) -> path of a YAML file of a space."""

    def write(content, name="own.yaml"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return path

    return write
