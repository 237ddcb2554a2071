import numpy as np
import tensorflow as tf

from holle_tf.distill.joined_texts import join_texts

A = np.array([[1, 2, 0], [3, 0, 0]])
B = np.array([[0, 0], [4, 5]])


def test_real_positions_follow_each_other_and_zeros_follow_them():
    found = join_texts([A, B], [A > 0, B > 0], tf.constant(4))
    np.testing.assert_array_equal(found, [[1, 2, 0, 0], [3, 4, 5, 0]])


def test_vectors_are_joined_as_ids_are_and_whatever_stands_on_padding_is_dropped():
    vectors = [np.stack([t + 10.0, t * 2.0], -1) for t in (A, B)]
    found = join_texts(vectors, [A > 0, B > 0], tf.constant(7)).numpy()
    assert found.shape == (2, 7, 2)
    np.testing.assert_array_equal(found[1, :, 0], [13, 14, 15, 0, 0, 0, 0])
    np.testing.assert_array_equal(found[0, :, 1], [2, 4, 0, 0, 0, 0, 0])
