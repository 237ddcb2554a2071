import os

import pytest

from holle_tf.workflow.own_process import in_own_process
from pipelines.errors import UserError


def _sum_and_process(*values):
    return sum(values), os.getpid()


def test_the_result_comes_from_another_process():
    total, process = in_own_process(_sum_and_process, 1, 2)
    assert total == 3
    assert process != os.getpid()


def test_a_process_that_is_killed_is_an_error():
    with pytest.raises(UserError, match="_exit.*status 9"):
        in_own_process(os._exit, 9)
