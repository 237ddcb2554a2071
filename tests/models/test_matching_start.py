"""Whether a new teacher finds the words of the question in the document."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import BidafConfig, QanetConfig
from holle_tf.models.bidaf import build_bidaf
from holle_tf.models.qanet import build_qanet

RNG = np.random.default_rng(0)
WORDS, DOCUMENT, QUESTION = 300, 40, 8
# As with GloVe, all vectors have a part in common, and their norm is about 6.
VECTORS = (0.3 + 0.5 * RNG.normal(size=(WORDS, 100))).astype(np.float32)
SPELLING = RNG.integers(1, 20, (WORDS, 5))
BUILDERS = {
    "qanet": lambda on: build_qanet(
        QanetConfig(units=64, heads=4, char_dim=32, encoder_convs=2, model_blocks=1, matching_start=on),
        VECTORS,
        20,
    ),
    "bidaf": lambda on: build_bidaf(BidafConfig(units=48, char_filters=48, matching_start=on), VECTORS, 20),
}


def _texts(rows=4):
    """Documents of distinct words, and questions of their words in another order."""
    document = np.stack([RNG.permutation(np.arange(2, WORDS))[:DOCUMENT] for _ in range(rows)])
    question = np.stack([RNG.permutation(words)[:QUESTION] for words in document])
    ids = {"document": document, "question": question, "query": question}
    ids = {**ids, "prober_history": np.zeros((rows, 1), int)}
    ids.update({f"{name}_chars": SPELLING[ids[name]] for name in ("document", "question")})
    return {name: tf.constant(value, tf.int32) for name, value in ids.items()}


def _attention_to_equal_words(model):
    """Mean attention that words of the document pay to themselves in the question."""
    texts = _texts()
    (layer,) = [layer for layer in model.layers if "attention" in layer.name and hasattr(layer, "similarity")]
    encoded = tf.keras.Model(model.input, layer.input)(texts)
    weights = tf.nn.softmax(layer.similarity(*encoded)).numpy()
    equal = texts["document"].numpy()[:, :, None] == texts["question"].numpy()[:, None, :]
    return weights[equal].mean()


@pytest.mark.parametrize("name", BUILDERS)
def test_equal_words_attend_to_each_other_from_the_start(name):
    tf.keras.utils.set_random_seed(0)
    usual = _attention_to_equal_words(BUILDERS[name](False))
    tf.keras.utils.set_random_seed(0)
    matching = _attention_to_equal_words(BUILDERS[name](True))
    assert usual < 2 / QUESTION  # about as much as to any other word
    assert matching > 4 / QUESTION


@pytest.mark.parametrize("name", BUILDERS)
def test_only_initial_scales_differ(name):
    found = []
    for on in (False, True):
        tf.keras.utils.set_random_seed(0)
        found.append(BUILDERS[name](on).trainable_variables)
    changed = 0
    for usual, matching in zip(*found):
        one, other = usual.numpy(), matching.numpy()
        ratios = np.unique((other[one != 0] / one[one != 0]).round(3))
        assert len(ratios) <= 2, usual.name  # a single gain, and 1 where only a part is scaled
        np.testing.assert_array_equal(other[one == 0], 0)
        changed += not np.array_equal(one, other)
    assert 0 < changed < len(found[0])
