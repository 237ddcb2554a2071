"""What is kept of documents stays within its bytes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from holle_tf.serve.document_cache import ENTRY_BYTES, DocumentCache, document_id

ENTRY = 100 + ENTRY_BYTES


def test_what_was_used_last_is_kept():
    cache = DocumentCache(3 * ENTRY)
    for key in "abc":
        cache.put(key, key.upper(), 100)
    assert cache.get("a") == "A"
    cache.put("d", "D", 100)
    assert [cache.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert cache.size == 3 * ENTRY
    cache.put("e", "E", 200)  # drops two
    assert [cache.get(key) for key in "acde"] == [None, None, "D", "E"]


def test_a_value_that_is_put_again_counts_once():
    cache = DocumentCache(2 * ENTRY)
    for value in (1, 2, 3):
        cache.put("a", value, 100)
    assert (cache.get("a"), cache.size) == (3, ENTRY)


def test_what_is_larger_than_the_cache_drops_nothing():
    cache = DocumentCache(2 * ENTRY)
    cache.put("a", "A", 100)
    cache.put("b", "B", 2 * ENTRY)
    assert (cache.get("a"), cache.get("b")) == ("A", None)
    empty = DocumentCache.of_megabytes(0)
    empty.put("a", "A", 0)
    assert empty.get("a") is None


def test_threads_do_not_lose_count():
    cache = DocumentCache(20 * ENTRY)

    def work(number):
        for turn in range(2000):
            key = (number * 7 + turn) % 50
            assert cache.get(key) in (None, key)
            cache.put(key, key, 100)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert cache.size == 20 * ENTRY == sum(ENTRY for key in range(50) if cache.get(key) is not None)


@pytest.mark.parametrize("text", ["", "Café 😀", "\ud800"])
def test_an_id_has_64_digits(text):
    assert len(document_id(text)) == 64 and document_id(text) != document_id(text + " ")
