"""What clients of TensorFlow Serving send and read: the service answers as the exported SavedModel does."""

import base64
from functools import cache

import numpy as np
import pytest

from holle_tf.options.serve import ServeConfig

PREDICT = "/v1/models/sam:predict"
TEXTS = {
    "document": ["The film — a “café” 😀 — cost $2.8 million. It ended.", "good", "", "Film it"],
    "query": ["What did it cost?", "a b c d e f", "do you", ""],
    "prober_history": ["", "I do n't know. I do n't", "it", "you"],
    "responder_history": ["It was.", "", "film", ""],
}
ROWS = [dict(zip(TEXTS, row)) for row in zip(*TEXTS.values())]
NUMBERS = {
    "document": [[5, 1, 7, 0], [9, 3, 2, 2]], "query": [[4, 4], [0, 0]], "prober_history": [[3], [2]],
    "responder_history": [[0, 0], [8, 1]], "document_length": [3, 4], "query_length": [2, 0],
    "prober_history_length": [1, 1], "responder_history_length": [0, 2],
}  # fmt: skip


def coded(text):
    return {"b64": base64.b64encode(text.encode()).decode()}


@pytest.fixture(scope="module", params=["sam", "sam_match"])
def model(request):
    return request.param


@pytest.fixture(scope="module")
def exports(untrained_run, model, tmp_path_factory):
    """Function (format) -> folder of an export."""
    from holle_tf.config import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export

    @cache
    def export(name):
        folder = tmp_path_factory.mktemp(f"{model}-{name}")
        write_export(student_of(untrained_run(model)), name, folder, ExportConfig())
        return folder

    return export


@pytest.fixture(scope="module")
def saved(exports):
    """The signatures of the SavedModel."""
    import tensorflow as tf

    return tf.saved_model.load(str(exports("savedmodel") / "1")).signatures


@pytest.fixture(scope="module", params=["run", "onnx", "onnx, no documents kept"])
def client(request, serving, untrained_run, exports, model):
    from holle_tf.serve.document_cache import DocumentCache
    from holle_tf.serve.onnx_backend import OnnxBackend
    from holle_tf.serve.run_backend import RunBackend

    if request.param == "run":
        backend = RunBackend(untrained_run(model), states="float32")
    elif request.param == "onnx":
        backend = OnnxBackend(exports("onnx"))
    else:
        backend = OnnxBackend(exports("onnx"), DocumentCache(0))
    with serving({"sam": backend}, ServeConfig(port=0)) as client:
        yield client


def numbers_of(model):
    """Inputs of the signature ``tokens``."""
    keys = {f"{name}_keys": NUMBERS[name] for name in TEXTS} if model == "sam_match" else {}
    return {**NUMBERS, **keys}


def test_metadata_lists_the_inputs_and_outputs_of_the_savedmodel(client, saved):
    status, found = client.get("/v1/models/sam/metadata")
    assert status == 200 and client.get("/v1/models/sam/versions/1/metadata") == (200, found)
    assert found["model_spec"] == {"name": "sam", "signature_name": "", "version": "1"}
    definitions = found["metadata"]["signature_def"]["signature_def"]
    assert set(definitions) == set(saved) - {"encode", "answer"}
    kinds = {"string": "DT_STRING", "int32": "DT_INT32", "float32": "DT_FLOAT"}
    for name, definition in definitions.items():
        for given, specs in (("inputs", saved[name].structured_input_signature[1]),
                             ("outputs", saved[name].structured_outputs)):  # fmt: skip
            expected = {key: (kinds[spec.dtype.name], spec.shape.rank) for key, spec in specs.items()}
            assert expected == {
                key: (tensor["dtype"], len(tensor["tensor_shape"]["dim"]))
                for key, tensor in definition[given].items()
            }


def test_explain_gives_what_the_savedmodel_gives(client, saved):
    import tensorflow as tf

    expected = saved["explain"](**{name: tf.constant(texts) for name, texts in TEXTS.items()})
    status, body = client.post(PREDICT, {"signature_name": "explain", "inputs": TEXTS})
    assert status == 200 and set(body["outputs"]) == set(expected)
    for name in ("token_starts", "token_ends", "token_count"):
        np.testing.assert_array_equal(body["outputs"][name], expected[name].numpy())
    for name in ("start_probabilities", "end_probabilities", "score"):
        np.testing.assert_allclose(body["outputs"][name], expected[name].numpy(), atol=1e-5)
    assert body["outputs"]["span"] == [span.decode() for span in expected["span"].numpy()]
    _, rows = client.post(PREDICT, {"signature_name": "explain", "instances": ROWS})
    assert [row["token_starts"] for row in rows["predictions"]] == body["outputs"]["token_starts"]


def test_tokens_gives_what_the_savedmodel_gives(client, saved, model):
    import tensorflow as tf

    numbers = numbers_of(model)
    expected = saved["tokens"](**{name: tf.constant(values, tf.int32) for name, values in numbers.items()})
    status, body = client.post(PREDICT, {"signature_name": "tokens", "inputs": numbers})
    assert status == 200 and set(body["outputs"]) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(body["outputs"][name], values.numpy(), atol=1e-5)
    rows = [dict(zip(numbers, row)) for row in zip(*numbers.values())]
    _, found = client.post(PREDICT, {"signature_name": "tokens", "instances": rows})
    for name in expected:
        assert [row[name] for row in found["predictions"]] == body["outputs"][name]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"document": [[10**9, 1], [1, 1]]}, "document: numbers have to be from 0 to"),
        ({"document": [[-1], [1]]}, "document: numbers"),
        ({"document": ["text", "text"]}, "document: has to be a list of whole numbers"),
        ({"document": [[1.5], [1]]}, "document: has to be a list"),
        ({"document": [[1]]}, "same number of texts"),
        ({"query_length": ["1", 2]}, "query_length: has to be a whole number"),
        ({"query_length": [-1, 2]}, "query_length: has to be a whole number"),
        ({"other": [1, 2]}, "'other' is missing or unknown"),
        ({"query": None}, "inputs.query"),
        ({"document": [[1] * 60_000, [1]]}, "too many"),
    ],
)
def test_wrong_word_ids_are_refused(client, model, change, said):
    numbers = {**numbers_of(model), **change}
    status, body = client.post(PREDICT, {"signature_name": "tokens", "inputs": numbers})
    assert status == 400 and said in body["error"]


def test_base64_stands_for_a_string(client):
    plain = client.post(PREDICT, {"instances": ROWS})[1]["predictions"]
    rows = [{name: coded(text) for name, text in row.items()} for row in ROWS]
    assert client.post(PREDICT, {"instances": rows}) == (200, {"predictions": plain})
    columns = {name: list(map(coded, texts)) for name, texts in TEXTS.items()}
    status, found = client.post(PREDICT, {"inputs": columns})
    assert status == 200 and found["outputs"]["span"] == [row["span"] for row in plain]


def test_base64_that_is_none_is_refused(client):
    for wrong in ({"b64": "*"}, {"b64": 1}, {"b64": "YQ==", "x": 1}, {"text": "a"}):
        status, found = client.post(PREDICT, {"instances": [{**ROWS[0], "document": wrong}]})
        assert status == 400 and found["error"].startswith("instances.0.document")


def test_an_empty_signature_is_the_default_and_an_unknown_one_is_refused(client):
    expected = client.post(PREDICT, {"instances": ROWS})
    assert client.post(PREDICT, {"signature_name": "", "instances": ROWS}) == expected
    for name in ("encode", "nothing"):
        status, found = client.post(PREDICT, {"signature_name": name, "instances": ROWS})
        assert status == 400 and "serving_default, explain, tokens" in found["error"]


def test_a_missing_history_is_none(client):
    row = {**ROWS[0], "prober_history": "", "responder_history": ""}
    expected = client.post(PREDICT, {"instances": [row]})
    assert client.post(PREDICT, {"instances": [{**row, "prober_history": None}]}) == expected
    assert (
        client.post(PREDICT, {"instances": [{name: row[name] for name in ("document", "query")}]}) == expected
    )


def test_a_chat_may_have_roles_and_a_document_paragraphs(client):
    texts = {"document": "A film.\nIt cost 2.8 million.", "chat": ["Hi!", "Hello.", "What did it cost?"]}
    roles = zip(("user", "assistant", "user"), texts["chat"])
    turns = [
        {"role": "system", "content": "Be brief."},
        *({"role": who, "content": said} for who, said in roles),
    ]
    expected = client.post("/v1/models/sam:chat", texts)[1]["n_best"]
    for form in ({**texts, "chat": turns}, {**texts, "document": texts["document"].split("\n")}):
        status, found = client.post("/v1/models/sam:chat", form)
        assert status == 200 and found["n_best"] == expected


def test_a_teacher_has_no_signature_for_word_ids(serving, untrained_run):
    from holle_tf.serve.run_backend import RunBackend

    with serving({"qanet": RunBackend(untrained_run("qanet"))}) as client:
        definitions = client.get("/v1/models/qanet/metadata")[1]["metadata"]["signature_def"]["signature_def"]
        assert set(definitions) == {"serving_default", "explain"}
        asked = {"signature_name": "tokens", "inputs": NUMBERS}
        status, found = client.post("/v1/models/qanet:predict", asked)
        assert status == 400 and "no signature 'tokens'" in found["error"]
