"""Runs behind the service answer as they do elsewhere, in batches of any documents."""

from functools import lru_cache

import numpy as np
import pytest

from holle_tf.config_sources import load_config
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.serve.backend import warm_up
from holle_tf.serve.document_cache import DocumentCache, document_id
from holle_tf.serve.run_backend import RunBackend
from holle_tf.serve.samples import one_per_movie, sample_documents
from pipelines.example_from_texts import unanswered

SHORT = "The film — a “gem” 😀 — cost $2.8 million. I loved the ending."
LONG = "word " * 150 + "end."


@pytest.fixture(scope="module")
def loaded(untrained_run):
    """Function (model) -> the backend of its run, loaded once."""
    return lru_cache(maxsize=None)(lambda model: RunBackend(untrained_run(model)))


@pytest.fixture(params=["sam", "sam_match", "qanet"])
def backend(request, loaded):
    return loaded(request.param)


def test_a_batch_gives_every_chat_the_answer_that_it_gets_alone(backend):
    texts = [(SHORT, "What did it cost?"), ("", ""), (LONG, "what?"), (SHORT, "", "before", "said")]
    chats = [unanswered(*each) for each in texts]
    together, alone = backend.read(chats), [backend.read([chat])[0] for chat in chats]
    for chat, answer, other in zip(chats, together, alone):
        if chat.document != LONG:  # words that repeat make spans that only rounding tells apart
            assert [span[:2] for span in answer.spans] == [span[:2] for span in other.spans]
        for edge in ("start_probabilities", "end_probabilities"):
            np.testing.assert_allclose(getattr(answer, edge), getattr(other, edge), atol=1e-4)
        assert len(answer.token_starts) == len(answer.start_probabilities)
        assert all(0 <= start < end <= len(chat.document) for start, end, _ in answer.spans)


@pytest.mark.parametrize("states", ["float32", "float16"])
@pytest.mark.parametrize("model", ["sam", "sam_match"])
def test_a_student_reads_a_document_once_and_answers_as_the_whole_model(untrained_run, model, states):
    run, cache = untrained_run(model), DocumentCache(1 << 24)
    keeping, whole = RunBackend(run, cache, states), RunBackend(run, DocumentCache(0))
    assert whole.documents is None
    texts = [(SHORT, "What did it cost?"), ("A film.", "good?", "bad"), (SHORT, "", "b", "c"), ("", "what?")]
    texts += [(LONG, "what?")]
    chats = [unanswered(*each) for each in texts]
    expected = whole.read(chats)
    read = []
    encode, keeping._halves._encode = (
        keeping._halves._encode,
        lambda ids: read.append(len(ids)) or encode(ids),
    )
    for found in (keeping.read(chats), keeping.read(chats), [keeping.read([chat])[0] for chat in chats]):
        for answer, other, chat in zip(found, expected, chats):
            if chat.document != LONG and states == "float32":  # as above
                assert [span[:2] for span in answer.spans] == [span[:2] for span in other.spans]
            for edge in ("start_probabilities", "end_probabilities"):
                atol = 1e-5 if states == "float32" else 2e-3
                np.testing.assert_allclose(getattr(answer, edge), getattr(other, edge), atol=atol)
    assert read == [4]  # documents, which were read together
    assert keeping.documents.knows(document_id(SHORT)) and not keeping.documents.knows(document_id("other"))


def test_a_teacher_says_that_it_keeps_nothing(untrained_run, caplog):
    with caplog.at_level("INFO"):
        backend = RunBackend(untrained_run("qanet"))
    assert backend.documents is None and "qanet reads a document together with the question" in caplog.text


def test_probabilities_add_up_and_a_spans_score_is_their_product(backend):
    (answer,) = backend.read([unanswered(SHORT, "What did it cost?")])
    assert answer.start_probabilities.sum() == pytest.approx(1, abs=1e-4)
    start, end, score = answer.spans[0]
    first, last = list(answer.token_starts).index(start), list(answer.token_ends).index(end)
    product = answer.start_probabilities[first] * answer.end_probabilities[last]
    assert score == pytest.approx(product, rel=1e-3)


def test_a_teacher_reads_a_document_longer_than_a_chunk_in_chunks(loaded, monkeypatch):
    backend = loaded("qanet")
    monkeypatch.setattr(backend._predictor, "_whole", None)  # whole, it would need the square of the length
    (answer,) = backend.read([unanswered(LONG, "what?")])
    assert answer.spans and len(answer.start_probabilities) == 152


def test_the_given_length_of_a_chunk_decides_what_is_read_in_chunks(untrained_run):
    run = untrained_run("qanet")
    options = load_config((), ["distill.chunk_words=200", "distill.chunk_stride=150"], {})
    predictor = ChatPredictor(run, options)
    predictor._in_chunks = None  # a document of 152 words is read whole now
    assert predictor.read([unanswered(LONG, "what?")])[0].spans


def test_a_run_introduces_itself_and_can_be_warmed_up(loaded):
    backend = loaded("sam")
    warm_up(backend)
    card = backend.card
    assert (card.kind, card.title, card.parameters, card.f1) == ("sam", "SAM", 1234, 12.5)


def test_documents_of_the_runs_own_data_are_offered_with_an_opening_question(
    untrained_run, runs_dir, tmp_path
):
    run = untrained_run("sam")
    found = sample_documents(run, [tmp_path, runs_dir / "data"], most=3)
    assert 0 < len(found) <= 3 and all(sample.document and sample.question for sample in found)
    assert len({sample.title for sample in found}) == len(found)
    assert sample_documents(run, [tmp_path]) == []


def test_an_example_without_history_is_preferred():
    later = unanswered("a film", "and then?", "x", "y")
    samples = one_per_movie([later, unanswered("a film", "what?")], 5)
    assert [sample.question for sample in samples] == ["what?"]
