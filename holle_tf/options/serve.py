"""Options of the HTTP service."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option


@dataclass(frozen=True)
class ServeConfig:
    """Where the service listens, how it batches, and what it refuses."""

    host: str = option("127.0.0.1", "address to listen at; 0.0.0.0 = all networks, see docs/serving.md first")
    port: int = option(8501, "port, that of TensorFlow Serving's REST API; 0 = any free one", at_most=65535)
    max_batch: int = option(16, "chats that are read at once; 1 = no batching", positive=True)
    max_batch_words: int = option(
        16384, "words of the documents that are read at once, padding included", positive=True
    )
    max_wait_ms: float = option(
        0.0, "milliseconds that a chat waits for others to be read with it while the model has nothing to do"
    )
    max_queue: int = option(
        256, "chats of one model that wait or are being read; more get status 429", positive=True
    )
    max_concurrency: int = option(64, "POST requests in progress; more get status 429", positive=True)
    max_body_bytes: int = option(4 << 20, "bytes of a request; more gets status 413", positive=True)
    max_document_words: int = option(50000, "words of a document; more gets status 400", positive=True)
    document_cache_mb: int = option(
        256, "MB of documents that are kept, so that further questions about them are quick; 0 = none"
    )
    retrieve: int = option(
        0, "documents of --documents that are read for a chat without a document; 0 = it has to have one"
    )
    retrieve_weight: float = option(
        7.5, "weight of BM25 in the choice among their answers, beside the probability of the span"
    )
    body_seconds: float = option(20.0, "seconds to send a request; after them, status 408", positive=True)
    shutdown_seconds: int = option(30, "seconds that requests in progress may take after SIGTERM")
