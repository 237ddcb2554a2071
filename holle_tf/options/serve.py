"""Options of ``--mode=serve``."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServeConfig:
    """Where the service listens, how it batches, and what it refuses."""

    host: str = "127.0.0.1"  # who can reach it; 0.0.0.0 = everybody, see docs/serving.md first
    port: int = 8501  # that of TensorFlow Serving's REST API; 0 = any free one
    max_batch: int = 16  # chats that are read at once; 1 = no batching
    max_batch_words: int = 65536  # words of a batch, padding included: bounds its memory
    max_wait_ms: float = 2.0  # that a chat waits for others to be read with it
    max_queue: int = 256  # chats of one model that wait or are being read; more get status 429
    max_concurrency: int = 64  # POST requests in progress; more get status 429
    max_body_bytes: int = 4 << 20  # of a request; more gets status 413
    max_document_words: int = 50000  # more gets status 400
    body_seconds: float = 20.0  # that a client may take to send its request; status 408 after
    shutdown_seconds: int = 30  # that requests in progress may take after SIGTERM
