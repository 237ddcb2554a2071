"""A tiny corpus."""

import pytest

from holle_tf.config_sources import load_config
from holle_tf.runs.data import open_data


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The demo corpus with 40 examples to train on."""
    sizes = ["train_examples=40", "dev_examples=4", "test_examples=4", "document_words=40"]
    runs_dir = str(tmp_path_factory.mktemp("runs"))
    return open_data(load_config((), [f"demo.{size}" for size in sizes], {"runs_dir": runs_dir}))
