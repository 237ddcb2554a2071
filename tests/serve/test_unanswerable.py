"""The replies of a model that can say that there is no answer."""

import pytest

from holle_tf.evaluate.answers import Answer, NoAnswer
from holle_tf.serve.batching import Reading
from holle_tf.serve.retrieval import Candidate, Retrieval

TEXT = "It has a plot and an ending."


@pytest.fixture(scope="module")
def client(serving, unsure, first_word):
    with serving({"unsure": unsure(), "sam": first_word()}) as client:
        yield client


def test_a_prediction_without_an_answer_is_empty_and_lists_the_best_spans(client):
    rows = [{"document": TEXT, "query": query} for query in ("plot", "weather")]
    status, body = client.post("/v1/models/unsure:predict", {"instances": rows})
    plot, weather = body["predictions"]
    assert status == 200 and (plot["span"], plot["score"], plot["no_answer"]) == ("plot", 1.0, 0.1)
    assert (weather["span"], weather["start_char"], weather["end_char"]) == ("", 0, 0)
    assert (weather["score"], weather["null_score"], weather["no_answer"]) == (0.81, 0.81, 0.9)
    assert weather["n_best_span"] == ["It"]
    columns = {"document": [TEXT] * 2, "query": ["plot", "weather"]}
    _, body = client.post("/v1/models/unsure:predict", {"inputs": columns})
    assert body["outputs"]["no_answer"] == [0.1, 0.9] and body["outputs"]["span"] == ["plot", ""]


def test_a_chat_says_whether_it_is_answered(client):
    for query, answered in (("plot", True), ("weather", False)):
        _, reply = client.post("/v1/models/unsure:chat", {"document": TEXT, "chat": [query]})
        assert reply["answered"] is answered and reply["n_best"]
        assert (reply["no_answer"] > 0.5) is not answered


def test_other_models_reply_as_ever(client):
    _, body = client.post("/v1/models/sam:predict", {"instances": [{"document": TEXT, "query": "x"}]})
    assert not {"null_score", "no_answer"} & set(body["predictions"][0])
    _, reply = client.post("/v1/models/sam:chat", {"document": TEXT, "chat": ["x"]})
    assert not {"answered", "null_score", "no_answer"} & set(reply)


def test_retrieval_prefers_a_document_that_answers(unsure):
    pytest.importorskip("pyarrow", reason="requirements-documents.txt is not installed")
    model = unsure()

    def reading(text):
        (answer,) = model.read([type("Chat", (), {"document": text, "query": "plot", "prober_history": "",
                                                  "responder_history": ""})])  # fmt: skip
        return Reading(answer, 0.0, 0.0, 1, False)

    texts = ("No answer is here.", TEXT)
    candidates = [Candidate(text, 1.0) for text in texts]
    assert Retrieval(None, None, 2, 0.5).choose(candidates, [reading(text) for text in texts]) == 1


def test_the_best_answer_may_be_none():
    answer = Answer([], [], [], [], [], NoAnswer(1.0, 1.0, True))
    assert answer.best is None
