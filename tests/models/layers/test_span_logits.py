import numpy as np
import tensorflow as tf

from holle_tf.models.layers.span_logits import SpanLogits
from holle_tf.models.layers.start_summary import StartSummary


def test_logits_are_a_linear_map_of_the_concatenation():
    layer = SpanLogits()
    parts = [tf.random.normal([2, 4, 3]), tf.random.normal([2, 4, 5])]
    mask = tf.sequence_mask([4, 2], 4)
    layer(parts, mask=mask)
    layer.bias.assign(0.5)
    logits = layer(parts, mask=mask).numpy()
    expected = (tf.concat(parts, axis=-1) @ layer.kernel)[..., 0].numpy() + 0.5
    np.testing.assert_allclose(logits[mask], expected[mask], atol=1e-6)
    np.testing.assert_array_equal(logits[1, 2:], -1e9)


def test_half_precision_inputs_give_float32_logits():
    part = tf.cast(tf.random.normal([1, 4, 3]), tf.bfloat16)
    assert SpanLogits(dtype="mixed_bfloat16")([part], mask=tf.ones([1, 4], tf.bool)).dtype == tf.float32


def test_the_summary_is_the_states_weighted_by_the_start_probabilities():
    joint, states = tf.random.normal([1, 3, 2]), tf.random.normal([1, 3, 4])
    chosen = tf.constant([[-1e9, 50.0, -1e9]])
    outputs = StartSummary()([joint, states, chosen]).numpy()
    summary = np.repeat(states[:, 1:2], 3, axis=1)
    np.testing.assert_allclose(
        outputs, np.concatenate([joint, states, summary, states * summary], -1), atol=1e-6
    )
