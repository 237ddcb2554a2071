import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers import self_attention
from holle_tf.models.layers.self_attention import SelfAttention


def test_a_long_text_in_chunks_gives_the_same(monkeypatch):
    layer = SelfAttention(8, heads=2)
    inputs, mask = tf.random.normal([2, 11, 8]), tf.sequence_mask([11, 6])
    whole = layer(inputs, mask=mask, training=False)
    monkeypatch.setattr(self_attention, "CHUNK", 4)
    np.testing.assert_allclose(layer(inputs, mask=mask, training=False), whole, atol=1e-5)


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
