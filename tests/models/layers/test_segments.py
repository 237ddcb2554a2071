import numpy as np

from holle_tf.models.layers.segments import PRIOR, QuestionSegments

QUERY = np.array([[5, 6, 7], [5, 0, 0], [0, 0, 0]], np.int32)
PROBER = np.array([[8, 9], [0, 0], [8, 0]], np.int32)
QUESTION = np.array([[5, 6, 7, 8, 9, 4], [5, 4, 4, 0, 0, 0], [8, 4, 0, 0, 0, 0]], np.int32)


def test_each_word_gets_the_vector_of_its_part():
    layer = QuestionSegments()
    zeros = np.zeros((3, 6, 1), np.float32)
    layer([zeros, QUESTION, QUERY, PROBER])
    layer.vectors.assign([[1.0], [2.0], [3.0]])
    vectors, bias = layer([zeros, QUESTION, QUERY, PROBER])
    found = vectors.numpy()[..., 0]
    np.testing.assert_array_equal(found[0], [1, 1, 1, 2, 2, 3])
    np.testing.assert_array_equal(found[1][:3], [1, 3, 3])
    np.testing.assert_array_equal(found[2][:2], [2, 3])
    np.testing.assert_array_equal(bias, np.take(PRIOR, found.astype(int) - 1))


def test_an_untrained_layer_changes_no_vector():
    vectors = np.random.default_rng(0).normal(size=(3, 6, 4)).astype(np.float32)
    np.testing.assert_array_equal(QuestionSegments()([vectors, QUESTION, QUERY, PROBER])[0], vectors)
