"""Fixtures of the rooms that a mode uses."""

from tests.report.conftest import given_costs, load
from tests.serve.conftest import first_word, untrained_run
from tests.tuning.conftest import space_file

__all__ = ["first_word", "given_costs", "load", "space_file", "untrained_run"]
