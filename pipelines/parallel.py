"""A map over worker processes that keeps order and bounds what waits in memory."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Callable

from pipelines.errors import UserError

_function: Callable[[Any], Any]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Iterator[Any]:
    """``map(function, items)`` on ``workers`` processes; with one worker, in this process.

    Results come in the order of the items. At most two items per worker are in progress or waiting, so a
    slow consumer slows the workers down instead of filling the memory. What a worker raises is raised
    here; a worker that is killed raises UserError and does not hang.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    # A fork shares the function's state (vocabularies) without copying it. It does not carry over the threads
    # of TensorFlow, but the workers only write files, which needs none. Fork is safe on Linux only.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(function, os.getpid()))
    waiting: deque = deque()
    try:
        for item in items:
            waiting.append(pool.submit(_call, item))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise UserError(
            "a worker process was killed, as the system does when memory runs out; "
            "close other programs and try again"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(function: Callable[[Any], Any], parent: int) -> None:
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends its workers
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone: a killed parent cannot stop its workers."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _call(item: Any) -> Any:
    return _function(item)
