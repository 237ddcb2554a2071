"""The log on standard error, for the command line and the processes that it starts.

Nothing here runs on import: a program that uses this package as a library configures logging itself.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator

LOGGERS = ("holle_tf", "pipelines", "tuning", "benchmarks")


@dataclass(frozen=True)
class Console:
    """How a process logs to standard error.

    Attributes:
        level: lowest level that is shown, as of ``logging``.
        prefix: put before every line, such as the name of this process among several.
    """

    level: int = logging.INFO
    prefix: str = ""


class ProgressBarHandler(logging.Handler):
    """Writes lines to standard error above the progress bars of tqdm, which stay whole."""

    def __init__(self, console: Console):
        super().__init__()
        self.console = console
        self.setFormatter(logging.Formatter(console.prefix.replace("%", "%%") + "%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            from tqdm import tqdm  # here, since --help should not wait for it

            tqdm.write(self.format(record), file=sys.stderr)
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def configure_console(console: Console = Console()) -> None:  # noqa: B008, it is frozen
    """Log to standard error as ``console`` says, and nowhere else; replaces what an earlier call set up."""
    handler = ProgressBarHandler(console)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [other for other in logger.handlers if not isinstance(other, ProgressBarHandler)]
        logger.addHandler(handler)
        logger.setLevel(console.level)
        logger.propagate = False
    # TensorFlow's warnings, about retraced functions, do not help a user.
    logging.getLogger("tensorflow").setLevel(max(console.level, logging.ERROR))


def current_console() -> Console:
    """How this process logs, for a process that it starts to do the same.

    Where ``configure_console`` was not called, the level is that of the logger ``holle_tf``.
    """
    handler = _handler()
    return Console(logging.getLogger(LOGGERS[0]).getEffectiveLevel()) if handler is None else handler.console


def prefix_lines(prefix: str) -> None:
    """Put ``prefix`` before every line from now on; does nothing where the console is not configured."""
    if _handler() is not None:
        configure_console(replace(current_console(), prefix=prefix))


@contextmanager
def log_to_file(path: Path, *names: str) -> Iterator[None]:
    """A context in which some loggers append their lines, from level info up, to a file only.

    Args:
        names: names of the loggers; loggers below them follow, unless they have handlers of their own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, encoding="utf-8", delay=True)
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger.handlers, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        level = min(logging.INFO, logger.getEffectiveLevel())
        logger.handlers, logger.propagate = [file], False
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, (handlers, level, propagate) in zip(loggers, before):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        file.close()


def _handler() -> ProgressBarHandler | None:
    handlers = logging.getLogger(LOGGERS[0]).handlers
    return next((handler for handler in handlers if isinstance(handler, ProgressBarHandler)), None)
