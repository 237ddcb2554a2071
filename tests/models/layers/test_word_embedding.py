import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.word_embedding import WordEmbedding

MATRIX = np.arange(1, 13, dtype=np.float32).reshape(4, 3)
IDS = tf.constant([[2, 3, 1, 0], [1, 1, 0, 0]])


def test_known_words_are_looked_up_unknown_words_share_a_vector_and_padding_is_zero():
    layer = WordEmbedding(MATRIX)
    vectors = layer(IDS).numpy()
    np.testing.assert_array_equal(vectors[0, :2], MATRIX[2:])
    np.testing.assert_array_equal(vectors[1, :2], [layer.unknown.numpy()] * 2)
    np.testing.assert_array_equal(vectors[0, 3], np.zeros(3))


@pytest.mark.parametrize("trainable", [False, True])
def test_what_is_trained(trainable):
    layer = WordEmbedding(MATRIX, trainable_embeddings=trainable)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(IDS))
    gradients = tape.gradient(total, {"matrix": layer.matrix, "unknown": layer.unknown})
    np.testing.assert_array_equal(gradients["unknown"], np.full(3, 3.0))  # three unknown words
    assert sum(v is layer.matrix for v in layer.trainable_variables) == trainable
    if trainable:
        rows = tf.convert_to_tensor(gradients["matrix"]).numpy()
        np.testing.assert_array_equal(rows, [[0.0] * 3, [0.0] * 3, [1.0] * 3, [1.0] * 3])


def test_the_configuration_holds_sizes_and_not_vectors():
    layer = WordEmbedding(MATRIX, name="words")
    copy = WordEmbedding.from_config(layer.get_config())
    layer(IDS), copy(IDS)
    assert len(str(layer.get_config())) < 500
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(IDS), layer(IDS))
