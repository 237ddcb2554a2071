"""``--mode=train``: what it refuses."""

import pytest

from holle_tf.modes.train import train_mode
from pipelines.errors import UserError


def test_a_recipe_that_needs_a_teacher_is_refused(tiny):
    with pytest.raises(UserError, match="--mode=distill"):
        train_mode(tiny(recipe="add"))
