"""Chats that arrive at about the same time are read at once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from holle_tf.evaluate.answers import Answer
from holle_tf.options.serve import ServeConfig
from pipelines.example import Example


class Overloaded(Exception):
    """The queue is full."""


class Stopping(Exception):
    """The service is about to end and takes nothing more."""


@dataclass(frozen=True)
class Reading:
    """An answer, how long it took, and how many chats shared the time.

    Attributes:
        queued_ms: from arrival until the model began.
        model_ms: of the whole batch, words to ids included.
    """

    answer: Answer
    queued_ms: float
    model_ms: float
    batch: int


@dataclass
class _Waiting:
    example: Example
    words: int
    arrived: float
    future: asyncio.Future[Reading]


class Batcher:
    """Puts chats into batches for one model, in the order of their arrival.

    A batch is closed when it is full, when its first chat has waited ``max_wait_ms``, or when the next chat
    would make it larger than ``max_batch_words`` once padded. One thread reads the batches, and what arrives
    meanwhile waits for the next one.

    Args:
        read: the model; runs in a thread of its own.
        options: its ``max_`` fields; a chat whose document is longer than ``max_batch_words`` is read alone.
    """

    def __init__(self, read: Callable[[Sequence[Example]], list[Answer]], options: ServeConfig):
        self._read = read
        self._options = options
        self._waiting: deque[_Waiting] = deque()
        self._held = 0
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._arrived: Optional[asyncio.Event] = None
        self._task: Optional[asyncio.Task[None]] = None

    def start(self) -> None:
        """Begin to work, in the running event loop."""
        self._arrived = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Take nothing more, finish what was taken, and end."""
        self._closing = True
        if self._task is not None and self._arrived is not None:
            self._arrived.set()
            await self._task
        self._thread.shutdown()

    async def submit(self, examples: Sequence[Example], words: Sequence[int]) -> list[Reading]:
        """The readings of one request's chats, all of them or none.

        Args:
            examples: the chats.
            words: of each one's document.

        Raises:
            Overloaded: they do not fit into the queue.
            Stopping: after ``close``.
        """
        if self._closing or self._arrived is None:
            raise Stopping
        if self._held + len(examples) > self._options.max_queue:
            raise Overloaded
        loop, now = asyncio.get_running_loop(), time.perf_counter()
        some = [_Waiting(*pair, now, loop.create_future()) for pair in zip(examples, words)]
        self._held += len(some)
        self._waiting.extend(some)
        self._arrived.set()
        return await asyncio.gather(*(one.future for one in some))

    async def _work(self) -> None:
        assert self._arrived is not None
        while not (self._closing and not self._waiting):
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._wait_for_others()
            batch = self._take()
            await self._finish(batch)
            self._held -= len(batch)

    async def _wait_for_others(self) -> None:
        assert self._arrived is not None
        deadline = self._waiting[0].arrived + self._options.max_wait_ms / 1000
        while len(self._waiting) < self._options.max_batch and not self._closing:
            left = deadline - time.perf_counter()
            if left <= 0:
                return
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), left)
            except asyncio.TimeoutError:
                return

    def _take(self) -> list[_Waiting]:
        batch, longest = [self._waiting.popleft()], 0
        longest = batch[0].words
        while self._waiting and len(batch) < self._options.max_batch:
            longest = max(longest, self._waiting[0].words)
            if longest * (len(batch) + 1) > self._options.max_batch_words:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _finish(self, batch: list[_Waiting]) -> None:
        try:
            await self._answer(batch)
        except Exception as error:
            if len(batch) > 1:  # one chat's fault is not that of the others
                for one in batch:
                    await self._finish([one])
            elif not batch[0].future.done():
                batch[0].future.set_exception(error)

    async def _answer(self, batch: list[_Waiting]) -> None:
        def timed() -> tuple[list[Answer], float, float]:
            began = time.perf_counter()
            answers = self._read([one.example for one in batch])
            return answers, began, time.perf_counter()

        answers, began, ended = await asyncio.get_running_loop().run_in_executor(self._thread, timed)
        for one, answer in zip(batch, answers):
            if not one.future.done():  # a client that went away has cancelled it
                queued, model = 1000 * (began - one.arrived), 1000 * (ended - began)
                one.future.set_result(Reading(answer, queued, model, len(batch)))
