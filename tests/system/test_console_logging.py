"""Lines on standard error: progress bars stay whole, and processes log as the one that started them."""

import io
import logging
import re
import sys

import pytest
from tqdm import tqdm

from holle_tf.system.child_process import ChildProcess, ProcessSettings
from holle_tf.system.console_logging import (
    LOGGERS,
    Console,
    configure_console,
    current_console,
    log_to_file,
    prefix_lines,
)

logger = logging.getLogger("holle_tf.system.console_logging")


@pytest.fixture
def console():
    """``configure_console``, whose effects end with the test."""
    loggers = [logging.getLogger(name) for name in (*LOGGERS, "tensorflow")]
    before = [(each.handlers, each.level, each.propagate) for each in loggers]
    yield configure_console
    for each, (handlers, level, propagate) in zip(loggers, before):
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def _say():
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "at %s", logging.getLevelName(level))


def test_a_line_does_not_tear_a_progress_bar(console, monkeypatch):
    console()
    monkeypatch.setattr(sys, "stderr", screen := io.StringIO())
    with tqdm(total=2, desc="bar", file=screen, mininterval=0, ncols=40) as progress:
        progress.update()
        logger.info("a line")
    # The bar is wiped before the line, which has a line of its own, and drawn again after it.
    assert re.search(r"\r +\ra line\n\rbar: +50%", screen.getvalue())


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (logging.DEBUG, ["DEBUG", "INFO", "WARNING", "ERROR"]),
        (logging.INFO, ["INFO", "WARNING", "ERROR"]),
        (logging.WARNING, ["WARNING", "ERROR"]),
        (logging.ERROR, ["ERROR"]),
    ],
)
def test_lines_below_the_level_are_left_out_and_the_others_are_plain(console, capsys, level, shown):
    console(Console(level))
    console(Console(level))  # the last call counts, and no line is there twice
    _say()
    assert capsys.readouterr().err.splitlines() == [f"at {name}" for name in shown]


def test_a_prefix_stands_before_every_line_if_there_is_a_console(console, capsys):
    prefix_lines("100% of 2: ")
    assert current_console().prefix == ""
    console()
    prefix_lines("100% of 2: ")
    logger.info("a line")
    assert capsys.readouterr().err == "100% of 2: a line\n"


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR])
def test_a_child_process_logs_as_its_parent_does(console, tmp_path, level):
    console(Console(level, "parent: "))
    ChildProcess(_say, settings=ProcessSettings(output=tmp_path / "said.txt")).result()
    expected = ["INFO", "WARNING", "ERROR"] if level == logging.INFO else ["ERROR"]
    assert (tmp_path / "said.txt").read_text().splitlines() == [f"parent: at {name}" for name in expected]


def test_a_child_of_a_program_that_set_up_logging_itself_logs_at_its_level(logged, tmp_path):
    ChildProcess(_say, settings=ProcessSettings(output=tmp_path / "said.txt")).result()
    assert (tmp_path / "said.txt").read_text().splitlines() == ["at INFO", "at WARNING", "at ERROR"]


def test_lines_go_to_a_file_alone_even_where_the_console_shows_errors_only(console, capsys, tmp_path):
    console(Console(logging.ERROR, "here: "))
    with log_to_file(tmp_path / "new" / "log.txt", "holle_tf"):
        logger.info("kept")
        logging.getLogger("tuning").error("shown")
    logger.error("after")
    assert (tmp_path / "new" / "log.txt").read_text() == "kept\n"
    assert capsys.readouterr().err == "here: shown\nhere: after\n"
