"""A measurement in a process of its own, so that nothing measured before it is in its memory."""

from __future__ import annotations

import multiprocessing
from typing import Any, Callable

from pipelines.errors import UserError


def in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """``function(*arguments)`` in a new process; function, arguments and result have to be picklable.

    Raises:
        UserError: the process ended without a result, most likely for want of memory.
    """
    context = multiprocessing.get_context("spawn")
    results, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        return results.recv()
    except EOFError:
        process.join()
        raise UserError(
            f"measuring ({function.__name__}) ended with status {process.exitcode}; with -9 memory ran out,"
            " and --limit or shorter documents need less."
        ) from None
    finally:
        process.join()


def _send(sender: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    sender.send(function(*arguments))
