"""Match features against a loop over words."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.match_features import MatchFeatures, Words
from holle_tf.models.layers.word_embedding import watching_word_vectors
from pipelines.word_keys import WORD_BITS

BATCH, DIM = 3, 5
WIDTHS = {"document": 9, "query": 4, "history": 6}


def _text(rng, width):
    """Few different words, so that some match; the last row is empty, except of documents."""
    ids = rng.integers(1, 7, (BATCH, width)).astype(np.int32)
    ids[0, width - 2 :] = 0
    if width != WIDTHS["document"]:
        ids[2] = 0
    stems = ids // 2 + 1  # some different words begin alike
    stems[ids == 1] = rng.integers(500, 503, (ids == 1).sum())
    keys = np.where(ids > 0, stems << WORD_BITS | ids, 0).astype(np.int32)
    vectors = VECTORS[ids]
    return Words(ids, keys, vectors.astype(np.float32))


VECTORS = np.random.default_rng(5).normal(size=(7, DIM))
VECTORS[0] = 0


@pytest.fixture
def texts():
    rng = np.random.default_rng(3)
    return [_text(rng, width) for width in WIDTHS.values()]


def _naive(document, *context):
    features = np.zeros((*document.ids.shape, len(context), 3))
    for row in range(BATCH):
        for i, word in enumerate(document.ids[row]):
            for side, text in enumerate(context):
                exact, stem, alike = 0.0, 0.0, 0.0
                for j, other in enumerate(text.ids[row]):
                    if word == 0 or other == 0:
                        continue
                    key, its = document.keys[row, i], text.keys[row, j]
                    exact = max(exact, float(key == its))
                    stem = max(stem, float(key >> WORD_BITS == its >> WORD_BITS))
                    if word > 1 and other > 1:
                        a, b = document.vectors[row, i], text.vectors[row, j]
                        alike = max(alike, a @ b / np.linalg.norm(a) / np.linalg.norm(b))
                features[row, i, side] = exact, stem, max(exact, alike)
    return features


def test_features_are_those_of_a_loop_over_words(texts):
    found = MatchFeatures()(texts).numpy()
    expected = _naive(*texts)
    np.testing.assert_allclose(found, expected.reshape(*found.shape), atol=1e-5)
    assert 0 < expected[..., 0].mean() < 1
    assert all((expected[..., i] > expected[..., 0]).any() for i in (1, 2))


def test_exact_features_alone_read_no_vectors(texts):
    with_noise = [text._replace(vectors=text.vectors + 1) for text in texts]
    layer = MatchFeatures(stem=False, soft=False)
    np.testing.assert_array_equal(layer(texts), layer(with_noise))
    np.testing.assert_array_equal(layer(texts), _naive(*texts)[..., 0])


def test_unknown_words_match_by_their_key_alone(texts):
    document, query, history = texts
    keys = np.array([[7, 8, 0]], np.int32) << WORD_BITS
    vectors = np.ones((1, 3, DIM), np.float32)  # of unknown words all are equal
    unknown = Words(np.array([[1, 1, 0]], np.int32), keys, vectors)
    other = Words(
        np.array([[1, 0]], np.int32),
        np.array([[8, 0]], np.int32) << WORD_BITS,
        np.ones((1, 2, DIM), np.float32),
    )
    np.testing.assert_array_equal(MatchFeatures()([unknown, other]), [[[0, 0, 0], [1, 1, 1], [0, 0, 0]]])


def test_padding_and_what_it_holds_changes_nothing(texts):
    def padded(text, more):
        ids, keys = (np.pad(values, [(0, 0), (0, more)]) for values in text[:2])
        return Words(ids, keys, np.pad(text.vectors, [(0, 0), (0, more), (0, 0)], constant_values=9))

    found = MatchFeatures()([padded(text, more) for text, more in zip(texts, (3, 2, 0))])
    np.testing.assert_array_equal(found[:, : WIDTHS["document"]], MatchFeatures()(texts))
    assert not found.numpy()[:, WIDTHS["document"] :].any()


def test_gradients_flow_to_the_word_vectors_and_are_those_of_finite_differences(texts):
    layer = MatchFeatures(learned_vectors=True, dtype="float64")
    document, query, history = (t._replace(vectors=t.vectors.astype(np.float64)) for t in texts)
    direction = np.random.default_rng(8).normal(size=document.vectors.shape)
    weights = np.random.default_rng(9).normal(size=(BATCH, WIDTHS["document"], 6))

    def value(step):
        moved = tf.constant(document.vectors) + step * direction
        return tf.reduce_sum(weights * layer([document._replace(vectors=moved), query, history]))

    with tf.GradientTape() as tape:
        step = tf.Variable(0.0, dtype=tf.float64)
        found = value(step)
    slope = (value(1e-6) - value(-1e-6)) / 2e-6
    assert float(tape.gradient(found, step)) == pytest.approx(float(slope), rel=1e-5)
    assert abs(float(slope)) > 0.01


def test_frozen_vectors_have_a_gradient_where_they_are_watched(texts):
    layer, (document, *context) = MatchFeatures(), texts
    vectors = tf.constant(document.vectors)

    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            found = layer([document._replace(vectors=vectors), *context])
        return tape.gradient(found, vectors)

    assert gradient() is None
    with tf.GradientTape() as tape, watching_word_vectors(tape):
        assert np.abs(gradient()).max() > 0
