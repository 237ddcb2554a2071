"""Small students with random weights."""

import numpy as np
import pytest

from holle_tf.catalogue import SamConfig
from holle_tf.export.student import Limits, Student
from holle_tf.models.sam import INPUTS, build_sam

WORDS = ("<pad>", "<unk>", *"the film was good 's n't 2.8 café it ; , . i you do".split())
WIDTHS = {"document": 11, "query": 5, "prober_history": 4, "responder_history": 6}


@pytest.fixture(scope="session")
def make_student():
    """Function (options of SamConfig) -> student with random weights that are far from zero."""

    def make(**options):
        rng = np.random.default_rng(0)
        config = SamConfig(**{"units": 6, "inner_units": 5, "layers": 2, **options})
        model = build_sam(config, rng.normal(size=(len(WORDS), 8)).astype(np.float32))
        for variable in model.variables:
            variable.assign(rng.normal(size=variable.shape) * 0.5)
        return Student.of(config, model, WORDS, Limits(6, 5, 4, 3))

    return make


@pytest.fixture
def ids():
    """Random ids of four examples; texts are of several lengths, some empty."""
    rng = np.random.default_rng(1)
    found = {n: rng.integers(1, len(WORDS), (4, width)).astype(np.int32) for n, width in WIDTHS.items()}
    found["document"][1, 7:] = found["query"][2, 1:] = found["responder_history"][1, 2:] = 0
    found["prober_history"][0] = found["responder_history"][3] = found["query"][3] = 0
    assert set(found) == set(INPUTS)
    return found
