"""A piece of work in a process of its own, so that nothing of before or after is in its memory."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Any, Callable

from pipelines.errors import UserError


class ProcessDied(UserError):
    """The process ended without a result."""


def in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """``function(*arguments)`` in a new process; function, arguments and result have to be picklable.

    A ``UserError`` of the function is raised here. The process does not outlive this one.

    Raises:
        ProcessDied: the process ended without a result, most likely for want of memory.
    """
    context = multiprocessing.get_context("spawn")
    results, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        result, error = results.recv()
    except EOFError:
        process.join()
        raise ProcessDied(
            f"{function.__name__} ended with status {process.exitcode}; with -9 memory ran out,"
            " and --limit, smaller batches or shorter documents need less."
        ) from None
    except BaseException:  # as Ctrl-C
        process.terminate()
        raise
    finally:
        process.join()
    if error is not None:
        raise error
    return result


def end_with_parent() -> None:
    """End this process, at once and wherever it is, when the process that started it has ended."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _send(sender: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    end_with_parent()
    try:
        sender.send((function(*arguments), None))
    except UserError as error:
        sender.send((None, error))
    except KeyboardInterrupt:  # said by the process that waits
        os._exit(130)
