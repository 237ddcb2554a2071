"""Which chats are read together."""

import asyncio
import threading
import time

import pytest

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.batching import Batcher, Stopping
from holle_tf.serve.documents import StoredDocument
from holle_tf.serve.limits import Overloaded
from pipelines.example_from_texts import unanswered


def run(backend, work, threads=1, **options):
    """Result of the coroutine function ``work(batcher)``."""

    async def started():
        batcher = Batcher(backend.read, ServeConfig(**options), backend.documents, threads)
        batcher.start()
        try:
            return await asyncio.wait_for(work(batcher), 20)
        finally:
            await batcher.close()

    return asyncio.run(started())


def asking(*queries, words=3):
    return [unanswered(" ".join(f"w{i}" for i in range(words)), query) for query in queries]


def of_words(*lengths):
    """Documents of so many words, with the lengths as their ids."""
    return [StoredDocument(str(words), "", words) for words in lengths]


def spans(readings):
    return [reading.answer.spans[0][:2] for reading in readings]


def test_chats_of_several_requests_are_read_at_once_and_each_gets_its_own_answer(first_word):
    backend = first_word()

    async def work(batcher):
        requests = [batcher.submit(asking(query), of_words(3)) for query in ("w2", "w0", "w1")]
        return [spans(found) for found in await asyncio.gather(*requests)]

    assert run(backend, work, max_wait_ms=50) == [[(6, 8)], [(0, 2)], [(3, 5)]]
    assert backend.batches == [["w2", "w0", "w1"]]


def test_a_batch_is_never_larger_than_allowed(first_word):
    backend = first_word()
    run(backend, lambda b: b.submit(asking(*"abcdefg"), of_words(*[3] * 7)), max_batch=3, max_wait_ms=50)
    assert [len(batch) for batch in backend.batches] == [3, 3, 1]


def test_without_batching_every_chat_is_read_alone(first_word):
    backend = first_word()
    readings = run(backend, lambda batcher: batcher.submit(asking(*"abc"), of_words(3, 3, 3)), max_batch=1)
    assert backend.batches == [["a"], ["b"], ["c"]] and [reading.batch for reading in readings] == [1] * 3


def test_padding_counts_in_the_size_of_a_batch(first_word):
    backend = first_word()
    words = [10, 10, 90, 10, 200]
    run(backend, lambda b: b.submit(asking(*"abcde"), of_words(*words)), max_batch_words=180, max_wait_ms=50)
    assert backend.batches == [["a", "b"], ["c", "d"], ["e"]]  # 3 * 90 are too many, 2 * 90 are not


class Known:
    """Documents that a model has read."""

    def __init__(self, *keys):
        self.keys = keys

    def knows(self, key):
        return key in self.keys


def test_chats_about_known_documents_do_not_wait_for_others_to_be_read(first_word):
    backend = first_word(documents=Known("3"))
    words = [90, 3, 80, 3, 100, 80, 3]

    async def work(batcher):
        readings = await batcher.submit(asking(*"abcdefg"), of_words(*words))
        return [reading.known for reading in readings]

    known = run(backend, work, max_batch=4, max_batch_words=200, max_wait_ms=50)
    assert backend.batches == [["a", "c"], ["b", "d", "g"], ["e", "f"]]
    assert known == [chat in "bdg" for chat in "abcdefg"]


def test_a_document_that_several_chats_wait_for_counts_once(first_word):
    words = [90, 90, 90, 80, 10]
    backend = first_word(documents=Known())
    run(backend, lambda b: b.submit(asking(*"abcde"), of_words(*words)), max_batch_words=180, max_wait_ms=50)
    assert backend.batches == [["a", "b", "c", "d"], ["e"]]


def test_the_first_chat_waits_no_longer_than_it_has_to(first_word):
    async def work(batcher):
        began = time.perf_counter()
        await batcher.submit(asking("a"), of_words(3))
        return time.perf_counter() - began

    assert run(first_word(), work, max_wait_ms=0) < 0.3
    assert run(first_word(), work, max_wait_ms=400) >= 0.4


def test_what_arrives_while_the_model_reads_goes_into_one_batch(first_word):
    backend = first_word(seconds=0.2)

    async def work(batcher):
        first = asyncio.create_task(batcher.submit(asking("first"), of_words(3)))
        await asyncio.sleep(0.1)
        rest = [asyncio.create_task(batcher.submit(asking(q), of_words(3))) for q in "abc"]
        readings = [await task for task in [first, *rest]]
        assert all(reading[0].queued_ms > 50 for reading in readings[1:])

    run(backend, work, max_wait_ms=1)
    assert backend.batches == [["first"], ["a", "b", "c"]]


def test_a_full_queue_refuses_a_request_whole_and_has_room_again_later(first_word):
    backend = first_word(seconds=0.1)

    async def work(batcher):
        taken = asyncio.create_task(batcher.submit(asking(*"abc"), of_words(3, 3, 3)))
        await asyncio.sleep(0.02)
        with pytest.raises(Overloaded):
            await batcher.submit(asking("d", "e"), of_words(3, 3))
        last = asyncio.create_task(batcher.submit(asking("f"), of_words(3)))
        assert len(await taken) == 3 and len(await last) == 1
        await asyncio.sleep(0.02)
        assert len(await batcher.submit(asking(*"ghij"), of_words(3, 3, 3, 3))) == 4

    run(backend, work, max_queue=4, max_wait_ms=0)
    assert not {"d", "e"} & {query for batch in backend.batches for query in batch}


def test_one_chat_that_breaks_the_model_leaves_the_others_their_answers(first_word):
    async def work(batcher):
        requests = [batcher.submit(asking(query), of_words(3)) for query in ("w1", "break", "w2")]
        return await asyncio.gather(*requests, return_exceptions=True)

    good, broken, other = run(first_word(), work, max_wait_ms=50)
    assert isinstance(broken, RuntimeError)
    assert spans(good) == [(3, 5)] and spans(other) == [(6, 8)]


def test_closing_finishes_what_was_taken_and_refuses_what_comes_later(first_word):
    backend = first_word(seconds=0.1)

    async def work(batcher):
        taken = [asyncio.create_task(batcher.submit(asking(query), of_words(3))) for query in "abc"]
        await asyncio.sleep(0.02)
        closing = asyncio.create_task(batcher.close())
        await asyncio.sleep(0.02)
        with pytest.raises(Stopping):
            await batcher.submit(asking("late"), of_words(3))
        assert [len(await task) for task in taken] == [1, 1, 1]
        await closing

    run(backend, work, max_batch=1, max_wait_ms=10_000)
    assert backend.batches == [["a"], ["b"], ["c"]]


class Meeting:
    """A fake model whose ``read`` ends when so many threads are in it at once."""

    def __init__(self, first_word, threads, documents=None):
        self.model, self.documents = first_word(), documents
        self.barrier = threading.Barrier(threads, timeout=10)

    def read(self, examples):
        self.barrier.wait()
        return self.model.read(examples)


def test_several_threads_read_batches_at_once_and_each_chat_gets_its_own_answer(first_word):
    backend = Meeting(first_word, 3)

    async def work(batcher):
        requests = [batcher.submit(asking(f"w{i}", words=6), of_words(6)) for i in range(6)]
        return [spans(found) for found in await asyncio.gather(*requests)]

    found = run(backend, work, threads=3, max_batch=1)
    assert found == [[(3 * i, 3 * i + 2)] for i in range(6)]


class Learning:
    """A fake model that is in the middle of query "a" until it is told to ``go_on``, and then knows "9"."""

    def __init__(self, first_word):
        self.model, self.documents, self.go_on = first_word(), Known(), threading.Event()

    def read(self, examples):
        if examples[0].query == "a":
            assert self.go_on.wait(10)
            self.documents.keys = ("9",)
        return self.model.read(examples)


def test_a_document_that_one_thread_reads_is_not_read_by_another(first_word):
    backend = Learning(first_word)

    async def work(batcher):
        asked = (("a", 9), ("b", 9), ("c", 5))
        a, b, c = [asyncio.create_task(batcher.submit(asking(q), of_words(n))) for q, n in asked]
        (other,) = await c
        assert not a.done() and not b.done()
        backend.go_on.set()
        return [(await a)[0].known, (await b)[0].known, other.known]

    assert run(backend, work, threads=3, max_batch=1) == [False, True, False]
    assert backend.model.batches == [["c"], ["a"], ["b"]]


def test_without_kept_documents_threads_read_the_same_document_at_once(first_word):
    backend = Meeting(first_word, 2)
    requests = asking("a", "b")
    assert len(run(backend, lambda b: b.submit(requests, of_words(9, 9)), threads=2, max_batch=1)) == 2


def test_closing_waits_for_all_threads(first_word):
    backend = first_word(seconds=0.1)

    async def work(batcher):
        taken = [asyncio.create_task(batcher.submit(asking(query), of_words(3))) for query in "abc"]
        await asyncio.sleep(0.02)
        await batcher.close()
        return [task.done() for task in taken]

    assert all(run(backend, work, threads=2, max_batch=1))
    assert sorted(backend.batches) == [["a"], ["b"], ["c"]]
