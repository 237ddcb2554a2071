"""``--mode=prepare``: what it prints."""

import json
import sys

import pytest

from holle_tf.modes.prepare import prepare_mode
from pipelines.errors import UserError


def test_prepare_says_where_the_records_are(tiny, prepared, capsys):
    prepare_mode(tiny())
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["fingerprint"] == prepared.fingerprint and said["train"] == 48


def test_beam_options_without_beam_name_what_to_install(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "pipelines.beam_preparation", None)  # as if it could not be imported
    with pytest.raises(UserError, match="pip install .*sh install.sh beam"):
        prepare_mode(tiny(), "--runner=DirectRunner")


def test_examples_are_written_for_teachers_elsewhere(tiny, tmp_path, capsys):
    prepare_mode(tiny(), write_examples=str(tmp_path / "out"))
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["examples"] == [str(tmp_path / "out" / f"{s}.jsonl.gz") for s in ("train", "dev", "test")]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "train.jsonl.gz", "dev.jsonl.gz", "test.jsonl.gz"
    }  # fmt: skip
