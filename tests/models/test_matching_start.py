"""Whether a new QANeT finds the words of the question in the document."""

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import QanetConfig
from holle_tf.models import matching_start as gains
from holle_tf.models.qanet import build_qanet

RNG = np.random.default_rng(0)
WORDS, DOCUMENT, QUESTION = 300, 40, 8
# As with GloVe, all vectors have a part in common, and their norm is about 6.
VECTORS = (0.3 + 0.5 * RNG.normal(size=(WORDS, 100))).astype(np.float32)
SPELLING = RNG.integers(1, 20, (WORDS, 5))


def _qanet(matching_start):
    tf.keras.utils.set_random_seed(0)
    sizes = {"units": 64, "heads": 4, "char_dim": 32, "encoder_convs": 2, "model_blocks": 1}
    return build_qanet(QanetConfig(**sizes, matching_start=matching_start), VECTORS, 20)


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
    layer = model.get_layer("context_query_attention")
    encoded = tf.keras.Model(model.input, layer.input)(texts)
    weights = tf.nn.softmax(layer.similarity(*encoded)).numpy()
    equal = texts["document"].numpy()[:, :, None] == texts["question"].numpy()[:, None, :]
    return weights[equal].mean()


def test_equal_words_attend_to_each_other_from_the_start():
    assert _attention_to_equal_words(_qanet(False)) < 2 / QUESTION  # about as much as to any other word
    assert _attention_to_equal_words(_qanet(True)) > 4 / QUESTION


def test_only_initial_scales_differ():
    usual, matching = _qanet(False).trainable_variables, _qanet(True).trainable_variables
    changed = 0
    for variable, other in zip(usual, matching):
        before, after = variable.numpy(), other.numpy()
        gains = np.unique((after[before != 0] / before[before != 0]).round(3))
        assert len(gains) <= 2, variable.name  # one gain, and 1 where only a part is scaled
        np.testing.assert_array_equal(after[before == 0], 0)
        changed += not np.array_equal(before, after)
    assert 0 < changed < len(usual)


def test_the_gains_are_those_of_the_module():
    usual, matching = _qanet(False), _qanet(True)

    def gain(layer, kernel):
        before, after = (kernel(model.get_layer(layer)).numpy() for model in (usual, matching))
        return after[before != 0] / before[before != 0]

    np.testing.assert_allclose(gain("projection", lambda layer: layer.kernel), gains.WORDS, rtol=1e-5)
    for block in ("embedding_encoder", "model_encoder_0"):
        outer = gain(block, lambda layer: layer._feed_forward.outer_kernel)
        np.testing.assert_allclose(outer, gains.BRANCHES, rtol=1e-5)
    attention = matching.get_layer("context_query_attention")
    assert not attention.document_kernel.numpy().any() and not attention.question_kernel.numpy().any()
