"""Faults that repeat become a line once in a while."""

import logging

import pytest

from holle_tf.serve.fault_log import Repeats


@pytest.fixture
def logged(caplog):
    """A logger whose faults are limited, and the messages that it has written."""
    logger = logging.getLogger("test_fault_log")
    limit = Repeats()
    logger.addFilter(limit)
    yield logger, limit, lambda: [record.getMessage() for record in caplog.records]
    logger.removeFilter(limit)


def test_a_fault_is_logged_once_whatever_its_values(logged):
    logger, _, messages = logged
    for number in range(1000):
        logger.warning("connection %d broke", number)
    logger.warning("another fault")
    assert messages() == ["connection 0 broke", "another fault"]


def test_the_next_line_says_how_many_were_left_out(logged):
    logger, limit, messages = logged
    limit._seconds = 0.0
    logger.warning("a fault")
    limit._seconds = 60.0
    logger.warning("a fault")
    logger.warning("a fault")
    limit._seconds = 0.0
    logger.warning("a fault")
    assert messages() == ["a fault", "a fault (and 2 times since the last such line)"]


def test_exceptions_from_different_places_are_different_faults(logged):
    logger, _, messages = logged
    for _ in range(3):
        for cause in (lambda: int("x"), lambda: [][1]):
            try:
                cause()
            except (ValueError, IndexError):
                logger.exception("failed")
    assert messages() == ["failed", "failed"]
