"""The routes of the service."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, AsyncIterator, Mapping, Optional, Sequence, Union

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import Discriminator, Tag
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from holle_tf.options.serve import ServeConfig
from holle_tf.serve import messages, model_messages
from holle_tf.serve.backend import Backend
from holle_tf.serve.batching import Batcher, Reading, Stopping
from holle_tf.serve.compression import Compressed
from holle_tf.serve.direct_route import DirectRoute, first_those_that_post
from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.documents import DocumentStore, StoredDocument
from holle_tf.serve.limits import Limits, Overloaded
from holle_tf.serve.methods import methods_of
from holle_tf.serve.metrics import CONTENT_TYPE, Measured, Metrics
from holle_tf.serve.origins import Origins
from holle_tf.serve.paths import Paths
from holle_tf.serve.retrieval import Retrieval
from holle_tf.serve.signatures import TOKENS, metadata
from holle_tf.serve.texts import Turn
from holle_tf.serve.token_requests import ReadsTokens, TokenRequest
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.parallel import cores
from pipelines.readers.registry import reader_of

if TYPE_CHECKING:  # it needs pyarrow
    from holle_tf.store.reader import Store

PAGE = Path(__file__).parent / "page"
VERSION = "1"  # of every model; to serve other versions, the service is restarted
_LONGEST_ERROR = 300  # characters
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": messages.Failure, "description": HTTPStatus(status).phrase}
    for status in (400, 403, 404, 408, 413, 415, 429, 431, 503)
}
_UNPARSED = "There was an error parsing the body"  # what FastAPI says for other than a fault of syntax
_NO_TEXT = "-"  # in place of a document that has yet to be found
_BY_TEXTS, _BY_TOKENS = "by texts", "by tokens"
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: _REFUSALS[404]}


def _form(body: Any) -> str:
    """By what a request to predict gives its chats."""
    name = body.get("signature_name") if isinstance(body, dict) else getattr(body, "signature_name", None)
    return _BY_TOKENS if name == TOKENS else _BY_TEXTS


_PredictRequest = Annotated[
    Union[Annotated[messages.PredictRequest, Tag(_BY_TEXTS)], Annotated[TokenRequest, Tag(_BY_TOKENS)]],
    Discriminator(_form),
]


def create_app(
    backends: Mapping[str, Backend],
    options: ServeConfig,
    documents: Sequence[messages.SampleDocument] = (),
    cache: Optional[DocumentCache] = None,
    on_disk: Optional[Store] = None,
) -> FastAPI:
    """The service.

    Args:
        backends: loaded models by their names; on the page, the replies of the first continue the chat.
        options: limits and batching.
        documents: documents that the page offers.
        cache: where documents are kept; by default a cache of its own, of ``options.document_cache_mb``.
        on_disk: documents that are found by their ids too.
    """
    if cache is None:
        cache = DocumentCache.of_megabytes(options.document_cache_mb)
    store = DocumentStore(cache, options.max_document_words, on_disk)
    retrieval = None
    if on_disk is not None and options.retrieve:
        retrieval = Retrieval(on_disk, store, options.retrieve, options.retrieve_weight)
    metrics = Metrics(cache)
    threads = options.threads or cores()
    batchers = {
        name: Batcher(backend.read, options, backend.documents, threads if backend.parallel else 1)
        for name, backend in backends.items()
    }
    for name, batcher in batchers.items():
        metrics.count_batches(name, batcher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        for batcher in batchers.values():
            batcher.start()
        yield
        for batcher in batchers.values():
            await batcher.close()

    app = FastAPI(
        title="holle_tf",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        root_path=options.root_path,
    )
    app.router.route_class = DirectRoute
    app.add_middleware(Compressed)
    app.add_middleware(Origins, options=options)
    app.add_middleware(Paths, root_path=options.root_path)
    app.add_middleware(Limits, options=options)
    app.add_middleware(Measured, metrics=metrics)  # outermost
    _handle_errors(app)

    def backend_of(name: str) -> Backend:
        if name not in backends:
            raise HTTPException(404, f"no model is called '{name[:80]}'; there are: {', '.join(backends)}")
        return backends[name]

    def stored(text: Optional[str], key: Optional[str], index: int = 0) -> StoredDocument:
        return store.get(key or "") if text is None else store.add(text, index)

    @app.get("/healthz", response_model=dict[str, str])
    async def healthz() -> dict[str, str]:
        """Answers once the models are loaded; the service does not listen before."""
        return {"status": "ok"}

    @app.get("/v1/models", response_model=model_messages.ModelList)
    async def models() -> Response:
        """The served models."""
        return _json({"models": [_entry(name, backend) for name, backend in backends.items()]})

    @app.get("/v1/models/{name}", response_model=model_messages.ModelStatus, responses=_UNKNOWN)
    @app.get(f"/v1/models/{{name}}/versions/{VERSION}", include_in_schema=False)
    async def status(name: str) -> Response:
        """The state of a model, in the format of TensorFlow Serving."""
        backend_of(name)
        good = {"error_code": "OK", "error_message": ""}
        found = {"version": VERSION, "state": "AVAILABLE", "status": good}
        return _json({"model_version_status": [found]})

    @app.get("/v1/models/{name}/metadata", response_model=model_messages.ModelMetadata, responses=_UNKNOWN)
    @app.get(f"/v1/models/{{name}}/versions/{VERSION}/metadata", include_in_schema=False)
    async def signatures(name: str) -> Response:
        """Inputs and outputs of a model's signatures, in the format of TensorFlow Serving."""
        backend = backend_of(name)
        return _json(metadata(name, VERSION, getattr(backend, "token_inputs", ())))

    @app.post("/v1/models/{name}:predict", response_model=messages.PredictReply, responses=_REFUSALS)
    @app.post(f"/v1/models/{{name}}/versions/{VERSION}:predict", include_in_schema=False)
    async def predict(name: str, request: _PredictRequest) -> Response:
        """Spans for one or more chats, in the row or column format of TensorFlow Serving."""
        backend = backend_of(name)
        if isinstance(request, TokenRequest):
            return await read_tokens(name, backend, request)
        asked = request.documents()
        if len(asked) > options.max_queue:
            raise HTTPException(400, f"{len(asked)} chats in one request; at most {options.max_queue}")
        found = [stored(*document, i) for i, document in enumerate(asked)]
        examples = request.examples([document.text for document in found])
        readings = await batchers[name].submit(examples, found)
        return _json(request.reply(examples, readings))

    async def read_tokens(name: str, backend: Backend, request: TokenRequest) -> Response:
        """The answer to a request by word ids."""
        if not isinstance(backend, ReadsTokens) or not backend.token_inputs:
            raise HTTPException(400, f"'{name}' has no signature '{TOKENS}': it reads more than word ids")
        try:
            numbers = request.numbers(backend.token_inputs, backend.vocabulary_size, options)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return _json(request.reply(await batchers[name].run(lambda: backend.read_tokens(numbers))))

    @app.post("/v1/models/{name}:chat", response_model=messages.ChatReply, responses=_REFUSALS)
    async def chat(name: str, request: messages.ChatRequest) -> Response:
        """The span that answers the last utterance of a chat, and the probabilities of every word."""
        backend_of(name)
        if request.document is None and request.document_id is None:
            return await found_chat(name, request)
        document = stored(request.document, request.document_id)
        (reading,) = await read(name, request.chat, [document])
        key = document.id if store.keeps else None
        return _json(messages.chat_reply(document.text, reading, request.tokens, key))

    async def found_chat(name: str, request: messages.ChatRequest) -> Response:
        """The answer to a chat without a document."""
        if retrieval is None:
            raise HTTPException(400, f"document: {messages.NO_DOCUMENT}")
        query = example(name, request.chat, _NO_TEXT).query
        candidates = await run_in_threadpool(retrieval.candidates, query)
        documents = [found.document for found in candidates]
        readings = await read(name, request.chat, documents)
        best = retrieval.choose(candidates, readings)
        document = documents[best]
        reply = messages.chat_reply(document.text, readings[best], request.tokens, document.id)
        return _json({**reply, "document": document.text})

    def example(name: str, chat: Sequence[Turn], document: str) -> Example:
        data = backends[name].data
        try:
            return reader_of(data).chat({"document": document, "chat": chat}, data)
        except UserError as error:
            raise HTTPException(400, str(error)) from error

    async def read(name: str, chat: Sequence[Turn], documents: Sequence[StoredDocument]) -> list[Reading]:
        """The readings of a chat about each of several documents."""
        examples = [example(name, chat, document.text) for document in documents]
        return await batchers[name].submit(examples, documents)

    @app.post("/v1/documents", response_model=messages.DocumentReply, responses=_REFUSALS)
    async def keep(request: messages.DocumentRequest) -> Response:
        """Keep a document, so that requests may give its id in place of its text."""
        document = store.keep(request.document)
        return _json({"document_id": document.id, "words": document.words})

    @app.get("/v1/documents", response_model=messages.SampleList)
    async def samples() -> Response:
        """Documents to try."""
        return _json({"documents": [document.model_dump() for document in documents]})

    @app.get("/metrics", response_class=PlainTextResponse)
    async def measured() -> Response:
        """Counts and times in the text format of Prometheus."""
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE})

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.mount("/page", StaticFiles(directory=PAGE))
    first_those_that_post(app)
    return app


def _entry(name: str, backend: Backend) -> dict[str, Any]:
    """A ``ModelEntry`` as a dict."""
    return {"name": name, **asdict(backend.card), "reads_once": backend.documents is not None}


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body.encode("utf-8", "replace"), status, headers, "application/json")


def _failure(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    if status in (429, 503):
        headers = {**(headers or {}), "retry-after": "1"}
    return _json({"error": reason}, status, headers)


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return _failure(400, f"the body is not JSON ({first['ctx']['error']})")
        parts = first["loc"][2:] if first["loc"][1:2] in ((_BY_TEXTS,), (_BY_TOKENS,)) else first["loc"][1:]
        where = ".".join(str(part) for part in parts)
        reason = first["msg"].removeprefix("Value error, ")
        # Keys are those of the client, and may have line breaks and control characters.
        return _failure(400, str(UserError(f"{where or 'the body'}: {reason}"))[:_LONGEST_ERROR])

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code != 405:
            reason = "the body is not JSON in UTF-8" if error.detail == _UNPARSED else str(error.detail)
            return _failure(error.status_code, reason, error.headers)
        allowed = {"allow": ", ".join(methods_of(app, request.scope))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allowed)
        return _failure(405, str(error.detail), allowed)

    @app.exception_handler(Overloaded)
    async def overloaded(_: Request, error: Overloaded) -> Response:
        return _failure(error.status, error.reason)

    @app.exception_handler(Stopping)
    async def stopping(_: Request, error: Stopping) -> Response:
        return _failure(503, "the service is about to stop")

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> Response:
        return _failure(500, "internal error; see the log of the service")
