from concurrent.futures import ThreadPoolExecutor

import pytest

from holle_tf.options.store import StoreConfig
from holle_tf.store import reader
from holle_tf.store.reader import Store
from holle_tf.store.writer import write_store
from pipelines.errors import UserError


@pytest.fixture
def folder(letters, write_lines, documents, tmp_path):
    """Of a store with several shards."""
    write_store(write_lines(documents), tmp_path / "store", letters, StoreConfig(shard_kb=1))
    return tmp_path / "store"


def test_a_folder_without_a_store_is_named(tmp_path):
    with pytest.raises(UserError, match="no store of documents is here; write one by --mode=encode"):
        Store(tmp_path)


def test_a_file_that_was_cut_off_is_named_at_once(folder):
    path = folder / "shard-00001.arrow"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="shard-00001.arrow: damaged .*give the --mode=encode command"):
        Store(folder)
    path.unlink()
    with pytest.raises(UserError, match="shard-00001.arrow: damaged .missing"):
        Store(folder)


def test_every_changed_byte_of_a_document_is_noticed(folder, documents):
    path = folder / "shard-00000.arrow"
    whole = path.read_bytes()
    expected = {record["id"]: _answer(Store(folder), record["id"]) for record in documents}
    noticed = 0
    for place in range(8, len(whole), 211):
        data = bytearray(whole)
        data[place] ^= 255
        path.write_bytes(data)
        store = Store(folder)
        for record in documents[:6]:
            try:
                found = _answer(store, record["id"])
            except UserError as error:
                assert "shard-00000.arrow: damaged" in str(error)
                noticed += 1
            else:  # a byte of no consequence, or an id that does not match any more
                assert found in (expected[record["id"]], None)
    assert noticed > 5


def _answer(store, key):
    text, read = store.text(key), store.read(key)
    return read and (text, {name: part.tobytes() for name, part in read.feeds.items()}, read.ends.tobytes())


def test_few_files_are_open_at_a_time(folder, documents, monkeypatch):
    monkeypatch.setattr(reader, "OPEN_SHARDS", 2)
    store = Store(folder)
    keys = [record["id"] for record in documents] * 5
    with ThreadPoolExecutor(4) as threads:
        texts = list(threads.map(lambda key: store.text(key).text, keys))
    assert texts == [record["document"] for record in documents] * 5
    assert len(store._open) == 2
