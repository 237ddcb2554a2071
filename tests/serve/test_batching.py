"""Which chats are read together."""

import asyncio

import pytest

from holle_tf.serve.batching import Batcher, Overloaded, Stopping
from holle_tf.serve.config import ServeConfig
from pipelines.holle import unanswered
from tests_serve import FirstWord


def run(backend, work, **options):
    """Result of the coroutine function ``work(batcher)``."""

    async def started():
        batcher = Batcher(backend.read, ServeConfig(**options))
        batcher.start()
        try:
            return await work(batcher)
        finally:
            await batcher.close()

    return asyncio.run(started())


def chats(count, words=3):
    return [unanswered(" ".join(f"w{i}" for i in range(words)), f"w{i % words}") for i in range(count)]
