"""Runs from before an option existed."""

import json

import pytest

from holle_tf.config_sources import load_config
from holle_tf.runs.run_folder import RunFolder
from pipelines.options import LATIN, UNICODE


@pytest.fixture
def hindi(tmp_path):
    """A folder whose words are Unicode's."""
    folder = tmp_path / "data"
    folder.mkdir()
    text = json.dumps([{"mixed": "यह फिल्म एक नाविक की कहानी है।", "span": "कहानी"}] * 3)
    for split in ("train", "dev", "test"):
        (folder / f"{split}_data.json").write_text(text)
    return folder


@pytest.mark.parametrize("written, words", [("", LATIN), ("data: {words: unicode}\n", UNICODE)])
def test_a_run_without_rules_for_words_has_the_older_ones(tmp_path, hindi, written, words):
    (tmp_path / "config.yaml").write_text(f"data_dir: {hindi}\n{written}")
    assert RunFolder(tmp_path).config().data.words == words


def test_a_new_run_has_those_of_its_data(hindi):
    assert load_config(flags={"data_dir": str(hindi)}).data.words == UNICODE
    assert load_config().data.words == LATIN
