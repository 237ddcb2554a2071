import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.trilinear_attention import BidafAttention, QanetAttention

RNG = np.random.default_rng(0)
DOCUMENT = RNG.normal(size=(2, 6, 4)).astype(np.float32)
QUESTION = RNG.normal(size=(2, 3, 4)).astype(np.float32)
DOCUMENT_MASK = np.arange(6) < np.array([[6], [4]])
QUESTION_MASK = np.arange(3) < np.array([[2], [3]])


def _softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def _similarity(layer, row):
    """w [h; u; h * u] + b of the words of a row without padding, by the tiled definition."""
    h, u = DOCUMENT[row][DOCUMENT_MASK[row]], QUESTION[row][QUESTION_MASK[row]]
    weights = (layer.document_kernel[:, 0], layer.question_kernel[:, 0], layer.product_kernel[0])
    tiled = [[np.concatenate([a, b, a * b]) for b in u] for a in h]
    return h, u, np.array(tiled) @ np.concatenate(weights) + layer.bias.numpy()


def _call(layer, question_mask=QUESTION_MASK):
    return layer(
        [DOCUMENT, QUESTION],
        document_mask=tf.constant(DOCUMENT_MASK),
        question_mask=tf.constant(question_mask),
    )


def test_bidaf_attention_is_that_of_its_paper():
    layer = BidafAttention()
    _call(layer)
    layer.bias.assign([0.7])
    joint, query_to_context, mean_attended = _call(layer)
    for row in range(2):
        h, u, similarity = _similarity(layer, row)
        attended = np.stack([_softmax(line) for line in similarity]) @ u
        summary = _softmax(similarity.max(axis=1)) @ h
        expected = np.concatenate([h, attended, h * attended, h * summary], axis=1)
        np.testing.assert_allclose(joint[row][: len(h)], expected, atol=1e-5)
        np.testing.assert_allclose(query_to_context[row], summary, atol=1e-5)
        np.testing.assert_allclose(mean_attended[row], attended.mean(axis=0), atol=1e-5)


def test_qanet_attention_is_that_of_its_paper():
    layer = QanetAttention()
    _call(layer)
    layer.bias.assign([0.7])
    joint, row_sums, mean_attended = _call(layer)
    for row in range(2):
        h, u, similarity = _similarity(layer, row)
        over_question = np.stack([_softmax(line) for line in similarity])
        over_document = np.stack([_softmax(line) for line in similarity.T])
        attended, returned = over_question @ u, over_question @ over_document @ h
        expected = np.concatenate([h, attended, h * attended, h * returned], axis=1)
        np.testing.assert_allclose(joint[row][: len(h)], expected, atol=1e-5)
        np.testing.assert_allclose(row_sums[row][: len(h)], similarity.sum(axis=1), atol=1e-4)
        np.testing.assert_array_equal(row_sums[row][len(h) :], 0)
        np.testing.assert_allclose(mean_attended[row], attended.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("kind", [BidafAttention, QanetAttention])
def test_an_empty_question_attends_to_nothing(kind):
    joint, vector, mean_attended = _call(kind(), question_mask=np.zeros_like(QUESTION_MASK))
    np.testing.assert_array_equal(joint[..., 4:12], 0)
    np.testing.assert_array_equal(mean_attended, 0)
    assert np.isfinite(vector).all()


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="4 features a word, question 5"):
        BidafAttention().build([tf.TensorShape([None, None, 4]), tf.TensorShape([None, None, 5])])
