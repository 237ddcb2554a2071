"""Reads chats that arrive at about the same time as one batch."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from holle_tf.evaluate.answers import Answer
from holle_tf.options.serve import ServeConfig
from holle_tf.serve.limits import Overloaded
from pipelines.example import Example


class Stopping(Exception):
    """The service is stopping and accepts no more chats."""


@dataclass(frozen=True)
class Reading:
    """An answer, how long it took, and how many chats shared its batch.

    Attributes:
        queued_ms: time from arrival until the model started.
        model_ms: time for the whole batch, from texts to answers.
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

    A batch is complete when it is full, when its first chat has waited ``max_wait_ms``, or when the next chat
    would make it larger than ``max_batch_words``, padding included. One thread reads the batches; chats that
    arrive meanwhile wait for the next batch.

    Args:
        read: the model; runs in a thread of its own.
        options: its ``max_`` fields; a chat with a document longer than ``max_batch_words`` is read alone.
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
        """Start working, in the running event loop."""
        self._arrived = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Accept no more chats, finish those that wait, and stop."""
        self._closing = True
        if self._task is not None and self._arrived is not None:
            self._arrived.set()
            await self._task
        self._thread.shutdown()

    async def submit(self, examples: Sequence[Example], words: Sequence[int]) -> list[Reading]:
        """The readings of all chats of a request.

        Args:
            examples: the chats.
            words: number of words of each chat's document.

        Raises:
            Overloaded: the chats do not all fit into the queue.
            Stopping: after ``close``.
        """
        if self._closing or self._arrived is None:
            raise Stopping
        if self._held + len(examples) > self._options.max_queue:
            raise Overloaded
        loop, now = asyncio.get_running_loop(), time.perf_counter()
        chats = [_Waiting(*pair, now, loop.create_future()) for pair in zip(examples, words)]
        self._held += len(chats)
        self._waiting.extend(chats)
        self._arrived.set()
        return await asyncio.gather(*(chat.future for chat in chats))

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
            if len(batch) > 1:  # a chat that fails must not fail the others
                for chat in batch:
                    await self._finish([chat])
            elif not batch[0].future.done():
                batch[0].future.set_exception(error)

    async def _answer(self, batch: list[_Waiting]) -> None:
        def timed() -> tuple[list[Answer], float, float]:
            began = time.perf_counter()
            answers = self._read([chat.example for chat in batch])
            return answers, began, time.perf_counter()

        answers, began, ended = await asyncio.get_running_loop().run_in_executor(self._thread, timed)
        for chat, answer in zip(batch, answers):
            if not chat.future.done():  # a client that has disconnected cancels it
                queued, model = 1000 * (began - chat.arrived), 1000 * (ended - began)
                chat.future.set_result(Reading(answer, queued, model, len(batch)))
