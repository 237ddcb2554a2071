import numpy as np
import tensorflow as tf

from holle_tf.models.layers.char_cnn import CharCNN

IDS = np.array(
    [[[3, 4, 5, 0], [1, 0, 0, 0], [0, 0, 0, 0]], [[3, 4, 5, 0], [2, 2, 2, 2], [1, 0, 0, 0]]], np.int32
)


def _plain(layer, word):
    """The vector of one word by the definition, one window at a time."""
    table, kernel, bias = (weight.numpy() for weight in (layer.table, layer.kernel, layer.bias))
    chars = [table[char] if char else np.zeros(layer.char_dim) for char in word]
    nothing, before = np.zeros(layer.char_dim), layer.width // 2
    padded = [nothing] * before + chars + [nothing] * before
    windows = [
        np.maximum(sum(padded[at + i] @ kernel[i] for i in range(layer.width)) + bias, 0)
        for at, char in enumerate(word)
        if char
    ]
    return np.max(windows, axis=0) if windows else np.zeros(layer.filters)


def test_a_word_gets_its_best_window_wherever_it_stands():
    layer = CharCNN(6, char_dim=3, filters=4, width=3)
    layer(IDS)
    layer.bias.assign([0.3, -0.2, 0.1, 0.0])  # would show in windows of padding alone
    expected = [[_plain(layer, word) for word in text] for text in IDS]
    np.testing.assert_allclose(layer(IDS), expected, atol=1e-6)


def test_longer_words_in_the_batch_change_nothing():
    layer = CharCNN(6, char_dim=3, filters=4)
    layer(IDS)
    layer.bias.assign_add(tf.fill([4], 0.5))
    np.testing.assert_allclose(layer(np.pad(IDS, ((0, 0), (0, 0), (0, 5)))), layer(IDS), atol=1e-6)


def test_gradients_of_repeated_words_add_up():
    layer = CharCNN(6, char_dim=3, filters=4)
    once, twice = IDS[:1, :1], np.repeat(IDS[:1, :1], 2, axis=1)
    layer(once)

    def gradients(ids):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(ids))
        return [tf.convert_to_tensor(g) for g in tape.gradient(total, layer.trainable_variables)]

    assert any(np.abs(gradient).max() > 0 for gradient in gradients(once))
    for single, double in zip(gradients(once), gradients(twice)):
        np.testing.assert_allclose(2 * single, double, atol=1e-5)
