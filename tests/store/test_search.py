import numpy as np
import pytest

from holle_tf.options.store import StoreConfig
from holle_tf.store.reader import Store
from holle_tf.store.writer import write_store
from pipelines.errors import UserError

pytest.importorskip("bm25s", reason="requirements-documents.txt is not installed")
from holle_tf.store.search import mixed_scores, terms

RECORDS = [
    {"id": "cost", "document": "The film cost $2.8 million. Nobody had expected it."},
    {"id": "end", "document": "The ending is sad, and the heroes are lost."},
    {"id": "cast", "document": "The heroes of the film are played by three sisters."},
]


def test_the_document_with_the_rarest_words_of_a_query_comes_first(letters, write_lines, tmp_path):
    write_store(write_lines(RECORDS), tmp_path / "store", letters, StoreConfig(shard_kb=1, search=True))
    store = Store(tmp_path / "store")
    asked = {"What did it COST?": "cost", "Which sister?": "cast", "What is the ending?": "end"}
    for query, key in asked.items():
        (best, score), *_ = store.best(query, 3)
        assert best.id == key and score > 0
    heroes = store.best("the heroes", 3)
    assert {text.id for text, _ in heroes} == {"end", "cast"} and heroes[0][1] >= heroes[1][1]
    assert store.best("the it of", 3) == store.best("zebra", 3) == store.best("", 3) == []
    assert len(store.best("heroes", 1)) == 1


def test_the_index_is_added_later_and_mended(letters, write_lines, tmp_path):
    source, folder = write_lines(RECORDS), tmp_path / "store"
    write_store(source, folder, letters, StoreConfig())
    assert not Store(folder).has_search
    with pytest.raises(UserError, match="has no index to search; .* --set store.search=true"):
        Store(folder).best("cost", 1)
    letters.texts = []
    manifest = write_store(source, folder, letters, StoreConfig(search=True))
    path = folder / manifest.search[0].file
    before = path.read_bytes()
    path.write_bytes(before[:-1])
    with pytest.raises(UserError, match="search/.*: damaged"):
        Store(folder)
    write_store(source, folder, letters, StoreConfig())
    assert path.read_bytes() == before and letters.texts == []
    more = [*RECORDS, {"id": "new", "document": "A zebra."}]
    write_store(write_lines(more), folder, letters, StoreConfig(search=True))
    assert Store(folder).best("zebra", 2)[0][0].id == "new"


def test_terms_are_stems_without_marks_and_stop_words():
    assert terms("The heroes’ end; it COST $2.8 million.") == ["heroe", "end", "cost", "2.8", "milli"]


def test_the_weight_moves_the_choice_from_the_span_to_the_document():
    likely, bm25 = [0.3, 0.9], [10.0, 1.0]
    assert np.argmax(mixed_scores(likely, bm25, 0.0)) == 1
    assert np.argmax(mixed_scores(likely, bm25, 2.0)) == 0
    assert len(mixed_scores([], [], 1.0)) == 0 and np.isfinite(mixed_scores([0.0], [0.0], 1.0)).all()
