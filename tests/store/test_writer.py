import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from holle_tf.options.store import StoreConfig
from holle_tf.store.manifest import load_manifest
from holle_tf.store.read_document import quantized
from holle_tf.store.reader import Store
from holle_tf.store.writer import write_store
from pipelines.errors import UserError
from pipelines.files import exclusive_access

ROOT = Path(__file__).parents[2]
SMALL = StoreConfig(shard_kb=1)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_store_gives_back_what_was_read(letters, write_lines, documents, tmp_path):
    write_store(write_lines(documents), tmp_path / "store", letters, SMALL)
    store = Store(tmp_path / "store")
    assert len(store.manifest.shards) > 3 and store.manifest.documents == 40
    for record in documents:
        assert store.text(record["id"]) == (record["id"], record["document"])
        read, (expected,) = store.read(record["id"]), letters.encode([record["document"]])
        np.testing.assert_array_equal(read.starts, expected.starts)
        np.testing.assert_array_equal(read.ends, expected.ends)
        np.testing.assert_array_equal(read.feeds["document"], expected.feeds["document"])
        assert read.feeds["span_states"].dtype == np.float16
        np.testing.assert_allclose(read.feeds["span_states"], expected.feeds["span_states"], rtol=1e-3)
    assert store.text("d40") is None and store.read("") is None


def test_int8_states_are_near_by_the_largest_number_of_their_word(letters, write_lines, documents, tmp_path):
    write_store(write_lines(documents), tmp_path / "store", letters, StoreConfig(states="int8"))
    store = Store(tmp_path / "store")
    for record in documents[:5]:
        (expected,) = letters.encode([record["document"]])
        states, found = expected.feeds["span_states"], store.read(record["id"]).feeds["span_states"]
        assert found.dtype == np.float32
        assert (np.abs(found - states) <= np.abs(states).max(axis=1, keepdims=True) / 253).all()
    numbers, scales = quantized(np.zeros((2, 3), np.float16))
    assert not numbers.any() and (scales > 0).all()


def test_without_an_id_the_digest_of_the_text_is_the_id(letters, write_lines, tmp_path):
    from holle_tf.serve.document_cache import document_id

    source = write_lines([{"document": "A film."}, {"id": "mine", "document": "Another film."}])
    write_store(source, tmp_path / "store", letters, SMALL)
    store = Store(tmp_path / "store")
    assert store.text(document_id("A film.")) == (document_id("A film."), "A film.")
    assert store.text(document_id("Another film.")) == ("mine", "Another film.")


def test_broken_lines_are_named_and_skipped_or_end_it(letters, write_lines, tmp_path, logged):
    good = {"id": "a", "document": "A film."}
    broken = ["{", "[1]", {"id": "b"}, {"document": " ... "[:1]}, good, {"id": [], "document": "Yes."}]
    source = write_lines([good, "", *broken, {"id": "c", "document": "It ends."}])
    manifest = write_store(source, tmp_path / "store", letters, SMALL)
    assert manifest.documents == 2 and letters.texts == ["A film.", "It ends."]
    for line, reason in (
        (3, "not JSON"), (4, "not an object"), (5, "'document' is missing"), (6, "'document' is empty"),
        (7, "the id 'a' is that of an earlier line"), (8, "'id' is not a text"),
    ):  # fmt: skip
        assert any(f"docs.jsonl, line {line}: {reason}" in message for message in logged.messages)
    with pytest.raises(
        UserError, match="docs.jsonl, line 3: not JSON .*correct the line, or leave out --strict"
    ):
        write_store(source, tmp_path / "other", letters, SMALL, strict=True)
    with pytest.raises(UserError, match="no document is here"):
        write_store(write_lines(broken[:4]), tmp_path / "third", letters, SMALL)


def test_a_compressed_input_makes_the_same_store(letters, write_lines, documents, tmp_path):
    plain = write_lines(documents)
    packed = plain.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for source, name in ((plain, "a"), (packed, "b")):
        write_store(source, tmp_path / name, letters, SMALL)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(UserError, match="docs.jsonl.gz: the compressed file is cut off"):
        write_store(packed, tmp_path / "c", letters, SMALL)


class Stopped(Exception):
    pass


def test_what_an_interrupted_command_wrote_is_kept(letters, write_lines, documents, tmp_path):
    source = write_lines(documents)
    write_store(source, tmp_path / "whole", letters, SMALL)
    read, letters.texts = letters.texts, []
    encode, left = letters.encode, [3]

    def until(texts):
        left[0] -= 1
        if left[0] < 0:
            raise Stopped
        return encode(texts)

    letters.encode = until
    with pytest.raises(Stopped):
        write_store(source, tmp_path / "store", letters, SMALL)
    letters.encode = encode
    with pytest.raises(UserError, match="this store is not complete; give the --mode=encode command"):
        Store(tmp_path / "store")
    write_store(source, tmp_path / "store", letters, SMALL)
    assert sorted(letters.texts) == sorted(read)
    assert contents(tmp_path / "store") == contents(tmp_path / "whole")


def test_a_killed_process_leaves_a_store_that_the_same_command_completes(
    letters, write_lines, documents, tmp_path
):
    source = write_lines(documents)
    write_store(source, tmp_path / "whole", letters, SMALL)
    code = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import Letters
from holle_tf.options.store import StoreConfig
from holle_tf.store.writer import write_store
class Slow(Letters):
    def encode(self, texts):
        time.sleep(0.2)
        return super().encode(texts)
write_store(Path(sys.argv[1]), Path(sys.argv[2]), Slow(), StoreConfig(shard_kb=1))
"""
    folder = tmp_path / "store"
    process = subprocess.Popen([sys.executable, "-c", code, str(source), str(folder)], cwd=ROOT)
    while not (folder / "manifest.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    with pytest.raises(UserError, match="another process is writing this store"):
        write_store(source, folder, letters, SMALL)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not load_manifest(folder).complete
    write_store(source, folder, letters, SMALL)
    assert contents(folder) == contents(tmp_path / "whole")


def test_two_writers_at_once_end_in_a_line(letters, write_lines, documents, tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    with exclusive_access(folder, lambda: None):
        with pytest.raises(
            UserError, match="store: another process is writing this store; wait until it ends"
        ):
            write_store(write_lines(documents), folder, letters, SMALL)
    assert list(folder.iterdir()) == []


def test_appended_lines_are_added_and_nothing_is_read_twice(letters, write_lines, documents, tmp_path):
    folder = tmp_path / "store"
    write_store(write_lines(documents[:20]), folder, letters, SMALL)
    before = contents(folder)
    assert write_store(write_lines(documents[:20]), folder, letters, SMALL).documents == 20
    assert contents(folder) == before
    letters.texts = []
    write_store(write_lines(documents), folder, letters, SMALL)
    assert sorted(letters.texts) == sorted(record["document"] for record in documents[20:])
    assert all(Store(folder).text(record["id"]).text == record["document"] for record in documents)
    with pytest.raises(UserError, match="lines 1 to .* are not those that .*store was written from"):
        write_store(write_lines(documents[1:]), folder, letters, SMALL)


def test_a_store_of_another_model_or_of_other_options_is_not_mixed(letters, write_lines, documents, tmp_path):
    source = write_lines(documents)
    write_store(source, tmp_path / "store", letters, SMALL)
    before = contents(tmp_path / "store")
    with pytest.raises(UserError, match="store has store.states=float16, not int8"):
        write_store(source, tmp_path / "store", letters, StoreConfig(shard_kb=1, states="int8"))
    letters.fingerprint = "e" * 64
    with pytest.raises(UserError, match="this store is of another model; choose another --output"):
        write_store(source, tmp_path / "store", letters, SMALL)
    assert contents(tmp_path / "store") == before
    with pytest.raises(UserError, match="is not empty and holds no store"):
        write_store(source, tmp_path, letters, SMALL)


def test_a_damaged_file_is_written_anew(letters, write_lines, documents, tmp_path):
    source, folder = write_lines(documents), tmp_path / "store"
    write_store(source, folder, letters, SMALL)
    before = contents(folder)
    for name in ("shard-00001.arrow", "ids.places.npy"):
        data = bytearray(before[name])
        data[len(data) // 2] ^= 255
        (folder / name).write_bytes(data)
    (folder / "shard-00002.arrow").unlink()
    letters.texts = []
    write_store(source, folder, letters, SMALL)
    assert contents(folder) == before and 0 < len(letters.texts) < 20


def test_a_pipeline_writes_the_same_files(letters, write_lines, documents, tmp_path):
    pytest.importorskip("apache_beam", reason="requirements-beam.txt is not installed")
    from holle_tf.store.beam_encoding import BeamParts

    source = write_lines([*documents[:30], "broken", documents[0], "", *documents[30:]])
    elsewhere = BeamParts(["--runner=DirectRunner"], type(letters))
    write_store(source, tmp_path / "here", letters, SMALL)
    letters.encode = None
    write_store(source, tmp_path / "store", letters, SMALL, elsewhere=elsewhere)
    (tmp_path / "store" / "shard-00002.arrow").unlink()
    write_store(source, tmp_path / "store", letters, SMALL, elsewhere=elsewhere)
    assert contents(tmp_path / "store") == contents(tmp_path / "here")
    packed = source.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(source.read_bytes()))
    with pytest.raises(UserError, match="workers of Beam cannot read parts of a compressed file; unpack it"):
        write_store(packed, tmp_path / "other", letters, SMALL, elsewhere=elsewhere)


def test_a_manifest_of_another_version_is_named(letters, write_lines, documents, tmp_path):
    write_store(write_lines(documents), tmp_path / "store", letters, SMALL)
    path = tmp_path / "store" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 0}))
    with pytest.raises(UserError, match="manifest.json: format version 0, this program reads 1"):
        Store(tmp_path / "store")
    path.write_text("{}")
    with pytest.raises(UserError, match="manifest.json: damaged"):
        Store(tmp_path / "store")
