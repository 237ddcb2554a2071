"""Prepared data that were damaged or edited are refused."""

import json

import pytest

from pipelines.errors import UserError
from pipelines.prepare import PreparedData, prepare
from pipelines.records import read_examples
from tests.pipelines.small_raw import CONFIG, write_raw


@pytest.fixture
def raw(tmp_path):
    return write_raw(tmp_path / "raw")


@pytest.fixture
def prepared(raw, tmp_path):
    return prepare(raw, tmp_path / "out", CONFIG, "none")


def test_a_manifest_that_was_edited_is_refused(prepared):
    path = prepared.folder / "manifest.json"
    whole = path.read_text(encoding="utf-8")
    for edit in (
        lambda manifest: manifest["longest"].update(document=9),
        lambda manifest: manifest["words"]["train"].update(query=9),
        lambda manifest: manifest.update(fingerprint="0" * 64),
        lambda manifest: manifest["counts"].update(train=3),
    ):
        manifest = json.loads(whole)
        edit(manifest)
        path.write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(UserError, match="manifest.json: has changed since it was written"):
            PreparedData.load(prepared.folder)
    path.write_text(json.dumps(json.loads(whole), sort_keys=True), encoding="utf-8")
    assert PreparedData.load(prepared.folder).manifest == prepared.manifest  # the same values


@pytest.mark.parametrize("content", ["null", "[]", "7", "[" * 100_000, "{}", "\udcff"])
def test_what_is_no_manifest_is_refused(prepared, content):
    (prepared.folder / "manifest.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match="manifest.json: damaged, not a manifest"):
        PreparedData.load(prepared.folder)


@pytest.mark.parametrize("missing", ["bytes", "sha256"])
def test_a_manifest_without_checksums_is_refused(prepared, missing):
    path = prepared.folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["digest"], manifest["files"]["words.txt"][missing]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(UserError, match="manifest.json: damaged or of another version"):
        PreparedData.load(prepared.folder)


def test_a_shard_that_ends_early_is_an_error_when_examples_are_read(prepared):
    shard = prepared.shards("train")[0]
    shard.write_bytes(b"")  # after the check of the checksums
    with pytest.raises(UserError, match="the train shards hold 6 examples instead of 10"):
        read_examples(prepared, "train")


@pytest.mark.parametrize("victim", ["train-00001-of-00003.tfrecord.gz", "words.txt", "embeddings.npy"])
@pytest.mark.parametrize("harm", ["cut", "flip", "remove"])
def test_damaged_file_is_named_with_the_remedy(prepared, raw, victim, harm):
    path = prepared.folder / victim
    content = bytearray(path.read_bytes())
    if harm == "cut":
        path.write_bytes(content[:-7])
    elif harm == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.unlink()
    for attempt in (
        lambda: PreparedData.load(prepared.folder),
        lambda: prepare(raw, prepared.folder.parent, CONFIG, "none"),
    ):
        with pytest.raises(UserError, match=f"{victim}: .*delete the folder and prepare again"):
            attempt()


@pytest.mark.parametrize(
    "content, problem",
    [
        (None, "cannot be read"),
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"schema_version": 0}', "schema version 0"),
        ('{"schema_version": 1, "config": {"colour": "red"}}', "colour"),
    ],
)
def test_folder_without_a_valid_manifest_is_a_users_error(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(UserError, match=f"manifest.json: .*{problem}.*prepare again"):
        PreparedData.load(tmp_path)
