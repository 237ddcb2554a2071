"""Options of the HTTP service."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option

KEPT_STATES = ("auto", "float32", "float16", "int8")


@dataclass(frozen=True)
class ServeConfig:
    """Where the service listens, how it batches, and what it refuses."""

    host: str = option("127.0.0.1", "address to listen at; 0.0.0.0 = all networks, see docs/serving.md first")
    port: int = option(8501, "port, that of TensorFlow Serving's REST API; 0 = any free one", at_most=65535)
    threads: int = option(
        0, "batches that an ONNX export reads at once, each in a thread; 0 = one for each core"
    )
    max_batch: int = option(16, "chats that are read in a batch; 1 = no batching", positive=True)
    max_batch_words: int = option(
        16384, "words of the documents that a batch has to read, padding included", positive=True
    )
    max_wait_ms: float = option(
        0.0, "milliseconds that a chat waits for others to be read with it while the model has nothing to do"
    )
    max_queue: int = option(
        256, "chats of one model that wait or are being read; more get status 429", positive=True
    )
    max_concurrency: int = option(
        64, "POST requests that have arrived and are in progress; more get status 429", positive=True
    )
    max_body_bytes: int = option(
        4 << 20, "bytes of a request, also once it is decompressed; more gets status 413", positive=True
    )
    max_document_words: int = option(50000, "words of a document; more gets status 400", positive=True)
    document_cache_mb: int = option(
        256, "MB of documents that are kept, so that further questions about them are quick; 0 = none"
    )
    document_states: str = option(
        "auto",
        "number format of what a student keeps of a document; auto = what the export says, float16 of a run",
        choices=KEPT_STATES,
    )
    retrieve: int = option(
        0, "documents of --documents that are read for a chat without a document; 0 = it has to have one"
    )
    retrieve_weight: float = option(
        7.5, "weight of BM25 in the choice among their answers, beside the probability of the span"
    )
    body_seconds: float = option(
        20.0, "seconds to send the body of a request; after them, status 408", positive=True
    )
    shutdown_seconds: int = option(30, "seconds that requests in progress may take after SIGTERM")
    max_connections: int = option(
        512, "open connections, fewer where `ulimit -n` asks for it; the idlest makes room", positive=True
    )
    max_connections_per_address: int = option(256, "open connections of one client address", positive=True)
    max_header_bytes: int = option(65536, "bytes of a request's line and headers", positive=True)
    header_seconds: float = option(
        10.0, "seconds until the headers of a request are complete; the connection is closed", positive=True
    )
    keep_alive_seconds: int = option(30, "seconds that a connection stays open between requests")
    send_seconds: float = option(
        30.0,
        "seconds in which a client that is slow to receive has to take a part of its reply",
        positive=True,
    )
    allowed_hosts: list[str] = option(
        [], "names under which it may be reached, besides those of this machine, as [example.org, '*.lan']"
    )
    cors_origins: list[str] = option(
        [], "other sites whose pages may use it, as [https://example.org]; '*' = all"
    )
    root_path: str = option("", "path at which a proxy offers it, as /holle")

    def fault(self) -> str:
        """What is wrong with options, beginning with the name of one; empty if nothing is."""
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            return f"root_path={self.root_path}: has to begin with a slash and end without one"
        for host in self.allowed_hosts:
            if "/" in host or "*" in host.removeprefix("*"):
                return f"allowed_hosts={host}: has to be a name such as example.org, *.example.org or *"
        for origin in self.cors_origins:
            scheme, found, host = origin.partition("://")
            if origin != "*" and (not found or not host or "/" in host):
                return f"cors_origins={origin}: has to be an origin such as https://example.org, or *"
        return ""
