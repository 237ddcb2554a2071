"""The table of modes: its handlers are there and take what the table passes."""

import inspect

import pytest

from holle_tf.modes.table import MODES, OWN, check_flags, help_text, modes_of
from pipelines.errors import UserError


@pytest.mark.parametrize("name", MODES)
def test_a_handler_takes_its_flags_by_name_and_has_its_own_file(name):
    mode = MODES[name]
    assert mode.handler == f"holle_tf.modes.{name}:{name}_mode"
    first, *others = inspect.signature(mode.load()).parameters.values()
    assert first.name == ("load" if mode.sizes == OWN else "config")
    assert [parameter.name for parameter in others] == list(mode.arguments)
    assert all(parameter.default is not inspect.Parameter.empty for parameter in others)


def test_a_flag_of_another_mode_is_an_error_that_names_its_modes():
    check_flags("evaluate", ["config", "run_dir", "split"])
    with pytest.raises(
        UserError, match="--split is for --mode=evaluate or baselines; leave it out of --mode=train"
    ):
        check_flags("train", ["config", "split"])
    assert modes_of("split") == ("evaluate", "baselines") and modes_of("config") == ()


def test_the_help_is_no_wider_than_a_terminal_of_110_columns():
    assert max(map(len, help_text().splitlines())) <= 110
