"""SAM with match features."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import MODELS, SamConfig, SamMatchConfig
from holle_tf.models.parameters import trainable_parameters
from holle_tf.models.sam import INPUTS as TEXTS
from holle_tf.models.sam import build_sam
from holle_tf.models.sam_match import INPUTS, build_sam_match
from pipelines.word_keys import WORD_BITS

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(40, 100)).astype(np.float32)
LENGTHS = {"document": 12, "query": 5, "prober_history": 4, "responder_history": 6}
SMALL = {"units": 6, "inner_units": 5, "layers": 1, "match_units": 4, "align_units": 3}


def _with_keys(ids):
    return {**ids, **{f"{name}_keys": text << WORD_BITS | text for name, text in ids.items()}}


def _ids(rows=3):
    return {name: RNG.integers(1, 40, (rows, length)).astype(np.int32) for name, length in LENGTHS.items()}


def test_the_model_reads_what_its_row_says():
    assert (
        INPUTS == MODELS["sam_match"].inputs == tuple(build_sam_match(SamMatchConfig(**SMALL), VECTORS).input)
    )
    assert INPUTS[:4] == TEXTS and INPUTS[4:] == tuple(f"{name}_keys" for name in TEXTS)


def test_it_has_less_than_three_hundred_thousand_parameters():
    model = build_sam_match(SamMatchConfig(), VECTORS)
    assert trainable_parameters(build_sam(SamConfig(), VECTORS)) < trainable_parameters(model) < 300_000


@pytest.mark.parametrize("sharing", ["all", "context", "none"])
@pytest.mark.parametrize(("interaction", "cell"), [("add", "gru"), ("mul", "lstm")])
def test_more_padding_changes_no_output(interaction, cell, sharing):
    config = SamMatchConfig(interaction=interaction, cell=cell, encoder_sharing=sharing, **SMALL)
    model, ids = build_sam_match(config, VECTORS), _ids()
    ids["prober_history"][1] = ids["query"][2, 2:] = ids["document"][0, 9:] = 0
    padded = {name: np.pad(text, ((0, 0), (0, 7))) for name, text in ids.items()}
    short, long = model(_with_keys(ids)), model(_with_keys(padded))
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(short[edge], long[edge][:, :12], atol=1e-5)
        assert (long[edge].numpy()[:, 12:] < -1e8).all()


def test_a_name_that_is_no_word_of_the_vocabulary_is_found_by_its_key():
    model, ids = build_sam_match(SamMatchConfig(**SMALL), VECTORS), _ids(rows=2)
    for name in ids:
        ids[name][1] = ids[name][0]
    ids["document"][:, 5] = ids["query"][:, 2] = 1  # the same id in both rows
    features = _with_keys(ids)
    features["document_keys"][:, 5] = 99 << WORD_BITS | 7
    features["query_keys"][:, 2] = [99 << WORD_BITS | 7, 98 << WORD_BITS | 7]
    logits = model(features)["start_logits"].numpy()
    assert np.abs(logits[0] - logits[1]).max() > 1e-4


@pytest.mark.parametrize("options", [{"stem_match": False}, {"soft_match": False}, {"align_units": 0}])
def test_every_feature_can_be_left_out(options):
    whole, part = (build_sam_match(SamMatchConfig(**{**SMALL, **o}), VECTORS) for o in ({}, options))
    assert trainable_parameters(part) < trainable_parameters(whole)
    assert np.isfinite(part(_with_keys(_ids()))["start_logits"]).all()


def test_texts_that_are_all_empty_give_finite_outputs():
    model = build_sam_match(SamMatchConfig(**SMALL), VECTORS)
    ids = {name: np.zeros_like(text) for name, text in _ids().items()}
    ids["document"][:, 0] = 3
    outputs = model(_with_keys(ids))
    assert all(np.isfinite(np.asarray(value, np.float64)).all() for value in outputs.values())


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_reduced_precision_gives_finite_float32_logits(policy):
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        model = build_sam_match(SamMatchConfig(**SMALL), VECTORS)
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    outputs = model(_with_keys(_ids()))
    assert outputs["start_logits"].dtype == tf.float32
    assert np.isfinite(outputs["start_logits"]).all()


def test_the_document_is_encoded_without_the_question():
    model, ids = build_sam_match(SamMatchConfig(**SMALL), VECTORS), _ids()
    states = model.get_layer("match_projection").input
    encoder = tf.keras.Model(model.input, states)
    other = {name: text if name == "document" else RNG.permutation(text) for name, text in ids.items()}
    np.testing.assert_array_equal(encoder(_with_keys(ids)), encoder(_with_keys(other)))
