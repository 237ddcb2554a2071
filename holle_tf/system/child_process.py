"""Work in a process of its own, whose memory holds nothing from earlier or later work."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import threading
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Optional

from holle_tf.system.console_logging import Console, configure_console, current_console
from pipelines.errors import UserError


class ProcessDied(UserError):
    """The process ended without a result."""


@dataclass(frozen=True)
class ProcessSettings:
    """Settings of a process, in place before it imports anything that its work needs.

    Attributes:
        cores: numbers of the cores that it may use; empty = those of this process.
        environment: variables set for it.
        output: file to which its standard output and error are appended; None = those of this process.
    """

    cores: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    output: Optional[Path] = None


class ChildProcess:
    """``function(*arguments)`` in a new process, which starts at once and does not outlive this one.

    It logs as this process does, see ``console_logging``.

    Args:
        function, arguments: what to call; both must be picklable, and so must the result.
        settings: of the new process.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        settings: ProcessSettings = ProcessSettings(),  # noqa: B008, it is frozen
    ):
        self._name = function.__name__
        # The work is sent as bytes. As an argument, it would be unpickled first and import TensorFlow, which
        # counts the cores on import, before ``_send`` could choose them.
        work = bytes(ForkingPickler.dumps((function, arguments)))
        context = multiprocessing.get_context("spawn")
        self.results, sender = context.Pipe(duplex=False)
        arguments_of_child = (sender, settings, current_console(), work)
        self._process = context.Process(target=_send, args=arguments_of_child)
        self._process.start()
        sender.close()

    @property
    def pid(self) -> Optional[int]:
        """The process id."""
        return self._process.pid

    def result(self) -> Any:
        """What the function returned; waits until it has.

        Raises:
            UserError: the function raised it.
            ProcessDied: the process ended without a result, most likely because memory ran out.
        """
        try:
            result, error = self.results.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            raise ProcessDied(
                f"{self._name} ended with status {self._process.exitcode}; -9 means that memory ran"
                " out: use --limit, smaller batches or shorter documents."
            ) from None
        except BaseException:  # such as Ctrl-C
            self._process.terminate()
            raise
        finally:
            self._process.join()
        if error is not None:
            raise error
        return result

    def stop(self) -> None:
        """End the process at once, and wait until it has ended."""
        self._process.terminate()
        self._process.join()


def first_ended(processes: Iterable[ChildProcess], seconds: Optional[float] = None) -> list[ChildProcess]:
    """The processes that have ended; waits for the first, at most ``seconds`` (None = no limit)."""
    by_pipe: dict[Any, ChildProcess] = {process.results: process for process in processes}
    return [by_pipe[pipe] for pipe in wait(list(by_pipe), seconds)]


def in_child_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """``function(*arguments)`` in a new process; function, arguments and result must be picklable.

    Raises:
        UserError, ProcessDied: as ``ChildProcess.result``.
    """
    return ChildProcess(function, *arguments).result()


def end_with_parent() -> None:
    """End this process at once when the process that started it ends, whatever it is doing."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _send(sender: Connection, settings: ProcessSettings, console: Console, work: bytes) -> None:
    end_with_parent()
    try:
        _apply(settings)
        configure_console(console)
        function, arguments = pickle.loads(work)
        sender.send((function(*arguments), None))
    except UserError as error:
        sender.send((None, error))
    except KeyboardInterrupt:  # the process that waits reports it
        os._exit(130)


def _apply(settings: ProcessSettings) -> None:
    if settings.output is not None:
        settings.output.parent.mkdir(parents=True, exist_ok=True)
        with open(settings.output, "ab") as file:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for descriptor in (1, 2):  # this redirects what libraries print, too
                os.dup2(file.fileno(), descriptor)
    if settings.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, settings.cores)
    os.environ.update(settings.environment)
