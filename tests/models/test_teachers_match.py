"""Teachers whose words are marked as those that occur in the other text."""

import numpy as np
import pytest

from holle_tf.catalogue import MODELS, BidafConfig, QanetConfig
from pipelines.word_keys import WORD_BITS

VECTORS = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
SMALL = {
    "bidaf": BidafConfig(units=4, char_filters=4, char_dim=4, match=True),
    "qanet": QanetConfig(units=8, heads=2, char_dim=4, encoder_convs=1, model_blocks=1, match=True),
}


@pytest.fixture
def features(features):
    """Those of all tests of teachers, with the keys of words."""
    keys = {f"{text}_keys": features[text] << WORD_BITS | features[text] for text in ("document", "question")}
    return {**features, **keys}


@pytest.fixture(params=SMALL)
def model(request):
    return MODELS[request.param].build(SMALL[request.param], VECTORS, 9)


def test_keys_are_read_with_the_option_alone(model):
    row = MODELS[model.name]
    assert tuple(model.input) == row.inputs_with(SMALL[model.name])
    assert set(model.input) - set(row.inputs) == {"document_keys", "question_keys"}
    assert row.inputs_with(type(SMALL[model.name])()) == row.inputs


def test_more_padding_changes_no_output(model, features, padded):
    short, longer = model(features), model(padded)
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(longer[edge][:, :11], short[edge], atol=1e-4)


def test_a_match_of_unknown_words_is_seen(model, features):
    features["document"][:, 3] = features["question"][:, 0] = 1
    other = 33 << WORD_BITS | 5
    features["document_keys"][:, 3], features["question_keys"][:, 0] = other, other
    found = model(features)["start_logits"].numpy()
    features["question_keys"][:, 0] = 34 << WORD_BITS | 5
    assert np.abs(found - model(features)["start_logits"].numpy()).max() > 1e-6
