"""A service with a store of documents: by their ids, and by what is asked."""

import json

import numpy as np
import pytest

from holle_tf.config_sources import load_config
from holle_tf.modes import serve as mode
from holle_tf.modes.encode import encode_mode
from holle_tf.options.serve import ServeConfig
from holle_tf.serve.document_cache import DocumentCache, document_id
from pipelines.errors import UserError
from pipelines.example_from_texts import unanswered
from pipelines.tokenizer import tokenize

onnx_backend = pytest.importorskip("holle_tf.serve.onnx_backend", reason="onnxruntime is not installed")
pytest.importorskip("pyarrow", reason="requirements-documents.txt is not installed")
pytest.importorskip("bm25s", reason="requirements-documents.txt is not installed")

DOCUMENTS = {
    "cost": "The film cost $2.8 million.\0 Nobody had expected it.",
    "end": "The ending is sad — and the 😀 heroes are lost.",
    "long": "word " * 300 + "zebra.",
}


@pytest.fixture(scope="module", params=["sam", "sam_match"])
def export(request, untrained_run):
    from holle_tf.config import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export

    run = untrained_run(request.param)
    folder = run.path / "export" / "of-store"
    write_export(student_of(run), "onnx", folder, ExportConfig())
    return folder


@pytest.fixture(scope="module", params=["float16", "int8"])
def store_folder(request, export, tmp_path_factory):
    """Of a store that ``--mode=encode`` wrote with the export."""
    folder = tmp_path_factory.mktemp("store")
    lines = [json.dumps({"id": key, "document": text}) for key, text in DOCUMENTS.items()]
    (folder / "docs.jsonl").write_text("\n".join(lines))
    config = load_config((), ["store.search=true", f"store.states={request.param}"])
    source, output = str(folder / "docs.jsonl"), folder / request.param
    encode_mode(config, export_dir=str(export), input=source, output=str(output))
    return output


def opened(folder):
    from holle_tf.store.reader import Store

    return Store(folder)


def test_states_of_the_store_give_the_answers_of_the_whole_model(export, store_folder):
    backend = onnx_backend.OnnxBackend(export, DocumentCache(0), store=opened(store_folder))
    encoded, read = [], backend.documents._read
    backend.documents._read = lambda texts: encoded.append(len(texts)) or read(texts)
    chats = [
        unanswered(text, "What did it cost?", "", "said") for text in (*DOCUMENTS.values(), "Not stored.")
    ]
    expected = onnx_backend.OnnxBackend(export, DocumentCache(0)).read(chats)
    found = backend.read(chats)
    assert encoded == [1]
    atol = 1e-3 if store_folder.name == "float16" else 1e-2
    for answer, other in zip(found, expected):
        np.testing.assert_array_equal(answer.token_ends, other.token_ends)
        np.testing.assert_allclose(answer.start_probabilities, other.start_probabilities, atol=atol)
        np.testing.assert_allclose(answer.end_probabilities, other.end_probabilities, atol=atol)


def test_a_damaged_document_is_read_again_from_its_text(export, store_folder, logged):
    store = opened(store_folder)
    shard, _ = store._place(0)
    shard._plain["read_crc32"] = shard._plain["read_crc32"] + 1
    backend = onnx_backend.OnnxBackend(export, store=store)
    (answer,) = backend.read([unanswered(DOCUMENTS["cost"], "What?")])
    assert len(answer.token_starts) == len(tokenize(DOCUMENTS["cost"]))
    assert any("shard-00000.arrow: damaged" in message for message in logged.messages)


@pytest.fixture
def asked(export, store_folder, serving):
    """A client of a service with the store, which finds documents."""
    store = opened(store_folder)
    backend = onnx_backend.OnnxBackend(export, store=store)
    with serving({"sam": backend}, ServeConfig(port=0, retrieve=2), on_disk=store) as client:
        yield client, store


def test_a_chat_takes_the_id_of_a_stored_document(asked):
    client, _ = asked
    for key in ("cost", document_id(DOCUMENTS["cost"])):
        status, reply = client.post(
            "/v1/models/sam:chat", {"document_id": key, "chat": ["What did it cost?"]}
        )
        assert status == 200 and reply["n_best"][0]["text"] in DOCUMENTS["cost"]
        assert reply["document_id"] == document_id(DOCUMENTS["cost"]) and "document" not in reply
    status, reply = client.post("/v1/models/sam:chat", {"document_id": "other", "chat": ["What?"]})
    assert status == 404 and "no document 'other' is kept" in reply["error"]


def test_a_chat_without_a_document_is_answered_from_those_that_are_found(asked):
    client, _ = asked
    status, reply = client.post("/v1/models/sam:chat", {"chat": ["Which zebra?"]})
    assert status == 200 and reply["document"] == DOCUMENTS["long"]
    assert reply["document_id"] == document_id(DOCUMENTS["long"])
    assert reply["n_best"][0]["text"] in DOCUMENTS["long"]
    status, reply = client.post("/v1/models/sam:chat", {"chat": ["Which giraffe?"]})
    assert status == 404 and "no document of the store has a word of the query" in reply["error"]
    status, reply = client.post("/v1/models/sam:predict", {"instances": [{"query": "Which zebra?"}]})
    assert status == 400 and "document" in reply["error"]


def test_a_damaged_text_is_an_error_in_a_line(asked, logged):
    client, store = asked
    shard, row = store._place(1)
    shard._plain["text_crc32"] = shard._plain["text_crc32"] + 1
    status, reply = client.post("/v1/models/sam:chat", {"document_id": "end", "chat": ["What?"]})
    assert status == 500 and reply["error"] == "a file of the store of documents is damaged; see the log"
    assert any("shard-00000.arrow: damaged" in message for message in logged.messages)


def test_without_retrieval_a_chat_needs_a_document(first_word, serving):
    with serving({"sam": first_word()}) as client:
        status, reply = client.post("/v1/models/sam:chat", {"chat": ["What?"]})
        assert status == 400 and reply["error"] == "document: Field required, or 'document_id'"


def test_a_store_of_another_model_is_refused(store_folder, export, tmp_path):
    config = load_config((), ["serve.port=0"])
    for path in export.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rules = json.loads((tmp_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**rules, "n_best": 3}))
    assert mode._store(str(store_folder), [tmp_path], search=True).manifest.documents == 3
    with open(tmp_path / "vocab.txt", "a") as file:
        file.write("zebra\n")
    with pytest.raises(UserError, match="this store is of another model than --export_dir; serve the export"):
        mode.serve_mode(config, export_dir=str(tmp_path), documents=str(store_folder))
    with pytest.raises(UserError, match="--documents needs --export_dir"):
        mode.serve_mode(config, documents=str(store_folder))
    with pytest.raises(UserError, match="serve.retrieve needs --documents"):
        mode.serve_mode(load_config((), ["serve.retrieve=2"]), export_dir=str(export))


def test_a_run_encodes_as_its_export(untrained_run, store_folder, tmp_path, export):
    config = load_config((), ["store.search=true", f"store.states={store_folder.name}"])
    source = str(store_folder.parent / "docs.jsonl")
    encode_mode(config, run_dir=str(export.parent.parent), input=source, output=str(tmp_path / "store"))
    assert (tmp_path / "store" / "manifest.json").read_text() == (store_folder / "manifest.json").read_text()
