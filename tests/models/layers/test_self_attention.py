import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers import self_attention
from holle_tf.models.layers.self_attention import SelfAttention


@pytest.mark.parametrize("training", [False, True])
def test_a_long_text_in_chunks_gives_the_same_and_the_same_gradient(monkeypatch, training):
    layer = SelfAttention(8, heads=2, chunked_training=True)
    inputs, mask = tf.random.normal([2, 11, 8]), tf.sequence_mask([11, 6])
    layer(inputs, mask=mask)

    def found():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=mask, training=training)
            size = tf.reduce_sum(outputs**2)
        return outputs, *tape.gradient(size, [inputs, layer.kernel])

    whole = found()
    pieces, original = [], self_attention.attend
    monkeypatch.setattr(self_attention, "CHUNK", 4)
    monkeypatch.setattr(self_attention, "attend", lambda *a: pieces.append(a[-1]) or original(*a))
    for ours, expected in zip(found(), whole):
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    assert pieces == [4]


def test_heads_do_not_see_each_other():
    layer = SelfAttention(8, heads=2)
    inputs, mask = tf.random.normal([1, 5, 8]), tf.ones([1, 5], tf.bool)
    before = layer(inputs, mask=mask).numpy()
    kernel = layer.kernel.numpy()
    kernel[:, [0, 8, 16]] += 1.0  # query, key and value of the first head
    layer.kernel.assign(kernel)
    after = layer(inputs, mask=mask).numpy()
    assert not np.allclose(before[..., :4], after[..., :4], atol=1e-3)
    np.testing.assert_allclose(before[..., 4:], after[..., 4:], atol=1e-6)


def test_heads_must_divide_the_units():
    with pytest.raises(ValueError, match="multiple of heads"):
        SelfAttention(10, heads=4)
