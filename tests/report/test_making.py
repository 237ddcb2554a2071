"""One run of the report: a failure is told by what the user needs to mend it."""

import re

import pytest

from holle_tf.report import making
from pipelines.errors import UserError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("a.json: not there."), "a.json: not there."),
        (KeyError("x"), "KeyError: 'x'"),
        (NameError("in user code:\n" + "    File a.py\n" * 99 + "name 'losses' is not defined"),
         "NameError: ... [^\n]*name 'losses' is not defined"),
    ],
)  # fmt: skip
def test_a_run_that_fails_is_said_in_one_line_with_the_end_of_its_error(error, said, capsys):
    def fail():
        raise error

    failed = {}
    making._attempt(failed, "sd/add, seed 0", fail)
    assert list(failed) == ["sd/add, seed 0"]
    assert len(failed["sd/add, seed 0"]) < 340
    assert re.fullmatch(said, failed["sd/add, seed 0"])
    assert ("Traceback" in capsys.readouterr().err) != isinstance(error, UserError)
