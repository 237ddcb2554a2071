"""A document that is read once, and questions about it."""

import numpy as np
import pytest

from holle_tf.catalogue import SamConfig, SamMatchConfig
from holle_tf.models.halves import MATCH_STATES, SPAN_STATES, Halves, kept_states
from holle_tf.models.sam import build_sam
from holle_tf.models.sam_match import build_sam_match
from pipelines.word_keys import WORD_BITS

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(40, 20)).astype(np.float32)
LENGTHS = {"document": 12, "query": 5, "prober_history": 4, "responder_history": 6}
SMALL = {"units": 6, "inner_units": 5, "layers": 2}
MATCHING = {**SMALL, "match_units": 4, "align_units": 3}
STUDENTS = {
    "sam": SamConfig(**SMALL),
    "sam-mul": SamConfig(interaction="mul", encoder_sharing="none", **SMALL),
    "sam-lstm": SamConfig(cell="lstm", encoder_sharing="context", **SMALL),
    "match": SamMatchConfig(**MATCHING),
    "match-mul": SamMatchConfig(interaction="mul", encoder_sharing="context", **MATCHING),
    "match-exact": SamMatchConfig(stem_match=False, soft_match=False, **{**MATCHING, "align_units": 0}),
    "match-soft": SamMatchConfig(stem_match=False, encoder_sharing="none", **MATCHING),
}


@pytest.fixture(params=STUDENTS)
def config(request):
    return STUDENTS[request.param]


@pytest.fixture
def model(config):
    build = build_sam_match if isinstance(config, SamMatchConfig) else build_sam
    model = build(config, VECTORS)
    for variable in model.variables:
        variable.assign(RNG.normal(size=variable.shape) * 0.5)
    return model


def _inputs(model, rows=4):
    """Texts of mixed lengths; some of the context are empty."""
    ids = {name: RNG.integers(1, 40, (rows, length)).astype(np.int32) for name, length in LENGTHS.items()}
    ids["document"][1, 7:] = ids["query"][2, 2:] = ids["prober_history"][0] = 0
    ids["query"][3] = ids["responder_history"][3] = 0
    ids["query"][0, :2] = ids["document"][0, :2]
    keys = {f"{name}_keys": text << WORD_BITS | text for name, text in ids.items()}
    return {name: values for name, values in {**ids, **keys}.items() if name in model.input}


def test_the_halves_say_what_the_whole_says(config, model):
    halves, inputs = Halves(config, model), _inputs(model)
    found, expected = halves.answer(halves.encode(inputs["document"]), inputs), model(inputs)
    np.testing.assert_array_equal(found["document_mask"], expected["document_mask"])
    for edge in ("start_logits", "end_logits"):
        real = expected["document_mask"].numpy()
        np.testing.assert_allclose(found[edge][real], expected[edge][real], atol=2e-5)
        assert (found[edge].numpy()[~real] < -1e8).all()


def test_one_document_answers_many_questions_at_once(config, model):
    halves, inputs = Halves(config, model), _inputs(model)
    for name in ("document", "document_keys"):
        if name in inputs:
            inputs[name] = np.repeat(inputs[name][1:2], 4, axis=0)
    expected = model(inputs)
    once = {name: v[:1] if name.startswith("document") else v for name, v in inputs.items()}
    found = halves.answer(halves.encode(once["document"]), once)
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(found[edge][:, :7], expected[edge][:, :7], atol=2e-5)


def test_it_keeps_what_is_said_of_each_word(config, model):
    kept = Halves(config, model).encode(_inputs(model)["document"])
    assert {name: values.shape[2] for name, values in kept.items()} == kept_states(config)
    assert kept[SPAN_STATES].shape[2] == 2 * (5 if config.interaction == "add" else 6)
    assert (MATCH_STATES in kept) == isinstance(config, SamMatchConfig)


def test_weights_that_change_change_the_halves(config, model):
    halves, inputs = Halves(config, model), _inputs(model)
    before = halves.encode(inputs["document"])[SPAN_STATES].numpy()
    for variable in model.variables:
        variable.assign(variable * 0.5)
    assert np.abs(halves.encode(inputs["document"])[SPAN_STATES] - before).max() > 1e-3
