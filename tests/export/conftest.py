"""Small students with random weights."""

import numpy as np
import pytest

from holle_tf.catalogue import SamConfig, SamMatchConfig
from holle_tf.export.student import Limits, Student
from holle_tf.models.sam import INPUTS, build_sam
from holle_tf.models.sam_match import build_sam_match
from pipelines.records import split_input
from pipelines.word_keys import WORD_BITS

WORDS = ("<pad>", "<unk>", *"the film was good 's n't 2.8 café it ; , . i you do".split())
WIDTHS = {"document": 11, "query": 5, "prober_history": 4, "responder_history": 6}


@pytest.fixture(scope="session")
def make_student():
    """Function (options of the student) -> student with random weights that are far from zero."""

    def make(match=False, learned_vectors=False, **options):
        rng = np.random.default_rng(0)
        options = {"units": 6, "inner_units": 5, "layers": 2, **options}
        config = (
            SamMatchConfig(**{"match_units": 4, "align_units": 3, **options})
            if match
            else SamConfig(**options)
        )
        vectors = rng.normal(size=(len(WORDS), 8)).astype(np.float32)
        build = build_sam_match if match else build_sam
        model = build(config, vectors, trainable_embeddings=learned_vectors)
        for variable in model.variables:
            variable.assign(rng.normal(size=variable.shape) * 0.5)
        return Student.of(config, model, WORDS, Limits(6, 5, 4, 3))

    return make


@pytest.fixture(params=[False, True], ids=["sam", "sam_match"])
def match(request):
    """Whether the student has match features."""
    return request.param


@pytest.fixture
def ids():
    """Random ids of four examples; texts are of several lengths, some empty."""
    rng = np.random.default_rng(1)
    found = {n: rng.integers(1, len(WORDS), (4, width)).astype(np.int32) for n, width in WIDTHS.items()}
    found["document"][1, 7:] = found["query"][2, 1:] = found["responder_history"][1, 2:] = 0
    found["prober_history"][0] = found["responder_history"][3] = found["query"][3] = 0
    assert set(found) == set(INPUTS)
    return found


@pytest.fixture
def given(ids):
    """Function (student) -> its inputs: the ids, and keys that tell unknown words apart."""

    def inputs_of(student):
        rng = np.random.default_rng(2)
        found = {}
        for name in student.inputs:
            text, kind = split_input(name)
            stems = ids[text] // 2 + (ids[text] == 1) * rng.integers(90, 93, ids[text].shape)
            keys = stems << WORD_BITS | ids[text]
            found[name] = ids[text] if kind == "ids" else keys.astype(np.int32)
        return found

    return inputs_of
