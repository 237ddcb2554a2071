"""A service of tiny untrained models, and a service whose model is slow, on ports of this machine."""

import json
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from holle_tf.config_sources import load_config
from holle_tf.evaluate.answers import Answer, NoAnswer
from holle_tf.options.serve import ServeConfig
from holle_tf.serve.backend import ModelCard
from pipelines.options import DataConfig
from pipelines.tokenizer import tokenize

TINY = {
    "demo.train_examples": 48, "demo.dev_examples": 10, "demo.test_examples": 12, "demo.document_words": 40,
    "sam.units": 8, "sam.layers": 1, "sam.inner_units": 8, "qanet.units": 16, "qanet.heads": 2,
    "qanet.char_dim": 8, "qanet.model_blocks": 1, "qanet.encoder_convs": 1, "qanet.model_convs": 1,
    "distill.chunk_words": 40, "distill.chunk_stride": 30,
}  # fmt: skip


class FirstWord:
    """A fake model: it answers with the word that equals the query, or the first; it keeps its batches."""

    parallel = False
    data = DataConfig()
    card = ModelCard(kind="sam", title="SAM", parameters=None, f1=None, source="none")

    def __init__(self, seconds=0.0, documents=None):
        self.seconds, self.batches, self.histories, self.documents = seconds, [], [], documents

    def read(self, examples):
        self.batches.append([chat.query for chat in examples])
        self.histories += [(chat.prober_history, chat.responder_history) for chat in examples]
        time.sleep(self.seconds)
        if any(chat.query == "break" for chat in examples):
            raise RuntimeError("secret of the model")
        return [self._answer(chat) for chat in examples]

    def _answer(self, example):
        tokens = tokenize(example.document)
        starts, ends = (np.array([t[i] for t in tokens], np.int32) for i in (1, 2))
        place = next((i for i, token in enumerate(tokens) if token.text == example.query), 0)
        sure = np.zeros(len(tokens), np.float32)
        sure[place : place + 1] = 1.0
        decoded = tuple(np.array([value]) for value in (place, place, 1.0))
        return Answer.of_tokens(starts, ends, decoded, (sure, sure))


class Unsure(FirstWord):
    """It says that there is no answer unless the document has the word that is asked for."""

    def _answer(self, example):
        answer = super()._answer(example)
        missing = example.query not in [token.text for token in tokenize(example.document)]
        null = NoAnswer(0.81, 0.9, True) if missing else NoAnswer(0.01, 0.1, False)
        return replace(answer, null=null)


class Client:
    """Requests to a service."""

    def __init__(self, address):
        self.address = address

    def get(self, path):
        """(status, JSON)."""
        return self._open(urllib.request.Request(self.address + path))

    def post(self, path, body):
        """(status, JSON); ``body`` is bytes, or anything that JSON can hold."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._open(urllib.request.Request(self.address + path, data, method="POST"))

    def _open(self, request):
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@contextmanager
def served(backends, options=None, documents=(), on_disk=None):
    """A ``Client`` of a service in a thread of this process."""
    pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")
    pytest.importorskip("uvicorn")
    from holle_tf.serve.app import create_app
    from holle_tf.serve.server import address, http_server, listen

    options = options or ServeConfig(port=0)
    with listen(options) as bound:
        app = create_app(backends, options, documents, on_disk=on_disk)
        server = http_server(app, options)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        client = Client(address(bound).rstrip("/"))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield client
        finally:
            server.should_exit = True
            thread.join()


served.client = Client


@pytest.fixture(scope="session")
def first_word():
    """The class ``FirstWord``."""
    return FirstWord


@pytest.fixture(scope="session")
def unsure():
    """The class ``Unsure``."""
    return Unsure


@pytest.fixture(scope="session")
def serving():
    """The context manager ``served``; ``serving.client`` is the class of what it yields."""
    return served


@pytest.fixture(scope="session")
def runs_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("serve")


@pytest.fixture(scope="session")
def untrained_run(runs_dir):
    """Function (model) -> finished run folder of a tiny model with random weights."""
    from holle_tf.runs.data import open_data
    from holle_tf.runs.identity import run_identity
    from holle_tf.runs.run_folder import RunFolder, build_model

    def make(model):
        config = load_config(flags={**TINY, "model": model, "recipe": "add_train", "runs_dir": str(runs_dir)})
        prepared = open_data(config)
        run = RunFolder(runs_dir / prepared.folder.name / f"{model}-untrained")
        if run.result() is None:
            run.create(config, prepared, run_identity(config, prepared, []))
            build_model(config, prepared.embeddings, len(prepared.chars)).save_weights(run.weights)
            run.write_result({"model": model, "parameters": 1234, "scores": {"test": {"f1": 12.5}}})
        return run

    return make
