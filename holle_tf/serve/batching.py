"""Reads chats that arrive at about the same time as one batch."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Optional, Sequence, TypeVar

from holle_tf.evaluate.answers import Answer
from holle_tf.options.serve import ServeConfig
from holle_tf.serve.document_states import DocumentStates
from holle_tf.serve.documents import StoredDocument
from holle_tf.serve.limits import Overloaded
from pipelines.example import Example

_Result = TypeVar("_Result")


class Stopping(Exception):
    """The service is stopping and accepts no more chats."""


@dataclass(frozen=True)
class Reading:
    """An answer, how long it took, and how many chats shared its batch.

    Attributes:
        queued_ms: time from arrival until the model started.
        model_ms: time for the whole batch, from texts to answers.
        known: whether the model had read the document before.
    """

    answer: Answer
    queued_ms: float
    model_ms: float
    batch: int
    known: bool


@dataclass
class _Waiting:
    example: Example
    document: StoredDocument
    arrived: float
    future: asyncio.Future[Reading]


class Batcher:
    """Puts chats into batches for one model, in the order of their arrival.

    A batch has either chats about documents that the model knows, which are quick, or chats whose documents
    it has to read. Where both wait, they take turns. While all threads are busy, chats wait for a later
    batch. Two threads never read the same document at once.

    Args:
        read: the model.
        options: its ``max_`` fields. The documents that a batch has to read have ``max_batch_words`` words
            together, padding included; a longer document is read alone.
        documents: those that the model has read; None if it reads a document for each question.
        threads: batches that are read at once; more than 1 needs a ``read`` that allows it.

    Attributes:
        watch: is called with the readings of each batch.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Example]], list[Answer]],
        options: ServeConfig,
        documents: Optional[DocumentStates] = None,
        threads: int = 1,
    ):
        self._read = read
        self._options = options
        self._documents = documents
        self._being_read: set[str] = set()  # ids of documents that the model will know
        self._read_last = False  # whether the last batch had to read documents
        self.watch: Optional[Callable[[Sequence[Reading]], None]] = None
        self._waiting: list[_Waiting] = []
        self._held = 0
        self._closing = False
        self._most = threads
        self._running: set[asyncio.Task[None]] = set()  # one for each batch that is read
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="model")
        self._changed: Optional[asyncio.Event] = None  # a chat has arrived, or a batch is finished
        self._task: Optional[asyncio.Task[None]] = None

    @property
    def held(self) -> int:
        """Chats that wait or are being read."""
        return self._held

    def start(self) -> None:
        """Start working, in the running event loop."""
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def close(self) -> None:
        """Accept no more chats, finish those that wait, and stop."""
        self._closing = True
        if self._task is not None and self._changed is not None:
            self._changed.set()
            await self._task
        self._threads.shutdown()

    async def submit(self, examples: Sequence[Example], documents: Sequence[StoredDocument]) -> list[Reading]:
        """The readings of all chats of a request.

        Args:
            examples: the chats.
            documents: of each chat.

        Raises:
            Overloaded: the chats do not all fit into the queue.
            Stopping: after ``close``.
        """
        if self._closing or self._changed is None:
            raise Stopping
        if self._held + len(examples) > self._options.max_queue:
            raise Overloaded
        loop, now = asyncio.get_running_loop(), time.perf_counter()
        chats = [_Waiting(*pair, now, loop.create_future()) for pair in zip(examples, documents)]
        self._held += len(chats)
        self._waiting.extend(chats)
        self._changed.set()
        if len(chats) == 1:  # nearly always, and quicker so
            return [await chats[0].future]
        return await asyncio.gather(*(chat.future for chat in chats))

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """The result of other work with the model, which a thread does as soon as it is free.

        Raises:
            Overloaded: the queue is full.
            Stopping: after ``close``.
        """
        if self._closing:
            raise Stopping
        if self._held >= self._options.max_queue:
            raise Overloaded
        self._held += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._held -= 1

    async def _work(self) -> None:
        assert self._changed is not None
        while not (self._closing and not self._waiting):
            self._changed.clear()
            batch: list[_Waiting] = []
            if len(self._running) < self._most and self._waiting:
                await self._wait_for_others()
                batch, known = self._take()
            if batch:
                task = asyncio.create_task(self._run_batch(batch, known))
                self._running.add(task)
                task.add_done_callback(self._finished)
            else:
                await self._changed.wait()
        await asyncio.gather(*self._running)

    def _finished(self, task: asyncio.Task[None]) -> None:
        assert self._changed is not None
        self._running.discard(task)
        self._changed.set()

    async def _run_batch(self, batch: list[_Waiting], known: bool) -> None:
        try:
            await self._finish(batch, known)
        finally:
            self._held -= len(batch)
            if not known:
                self._being_read -= {chat.document.id for chat in batch}

    async def _wait_for_others(self) -> None:
        assert self._changed is not None
        deadline = self._waiting[0].arrived + self._options.max_wait_ms / 1000
        while len(self._waiting) < self._options.max_batch and not self._closing:
            left = deadline - time.perf_counter()
            if left <= 0:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except asyncio.TimeoutError:
                return

    def _take(self) -> tuple[list[_Waiting], bool]:
        """The next batch, and whether its documents are known; empty if others read them at present."""
        known: list[_Waiting] = []
        new: list[_Waiting] = []
        for chat in self._waiting:
            if self._knows(chat):
                known.append(chat)
            elif chat.document.id not in self._being_read:
                new.append(chat)
        self._read_last = not known or (bool(new) and not self._read_last)
        batch = self._fitting(new) if self._read_last else known[: self._options.max_batch]
        if self._read_last and self._documents is not None:
            self._being_read |= {chat.document.id for chat in batch}
        taken = set(map(id, batch))
        self._waiting = [chat for chat in self._waiting if id(chat) not in taken]
        return batch, not self._read_last

    def _knows(self, chat: _Waiting) -> bool:
        return self._documents is not None and self._documents.knows(chat.document.id)

    def _fitting(self, chats: Sequence[_Waiting]) -> list[_Waiting]:
        """The first of the chats, as many as fit into a batch that reads their documents."""
        longest, read = 0, set()  # what is read: documents, or a document for each chat
        for number, chat in enumerate(chats[: self._options.max_batch]):
            longest = max(longest, chat.document.words)
            read.add(number if self._documents is None else chat.document.id)
            if number and longest * len(read) > self._options.max_batch_words:
                return list(chats[:number])
        return list(chats[: self._options.max_batch])

    async def _finish(self, batch: list[_Waiting], known: bool) -> None:
        try:
            await self._answer(batch, known)
        except Exception as error:
            if len(batch) > 1:  # a chat that fails must not fail the others
                for chat in batch:
                    await self._finish([chat], known)
            elif not batch[0].future.done():
                batch[0].future.set_exception(error)

    async def _answer(self, batch: list[_Waiting], known: bool) -> None:
        def timed() -> tuple[list[Answer], float, float]:
            began = time.perf_counter()
            answers = self._read([chat.example for chat in batch])
            return answers, began, time.perf_counter()

        answers, began, ended = await asyncio.get_running_loop().run_in_executor(self._threads, timed)
        model = 1000 * (ended - began)
        readings = [
            Reading(answer, 1000 * (began - chat.arrived), model, len(batch), known)
            for chat, answer in zip(batch, answers)
        ]
        for chat, reading in zip(batch, readings):
            if not chat.future.done():  # a client that has disconnected cancels it
                chat.future.set_result(reading)
        if self.watch is not None:
            self.watch(readings)
