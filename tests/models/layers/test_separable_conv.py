import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.separable_conv import SeparableConv, depthwise_conv


def _slices(inputs, kernel):
    """The convolution by its definition, with zeros around the text."""
    width, length = kernel.shape[0], inputs.shape[1]
    padded = tf.pad(inputs, [[0, 0], [(width - 1) // 2, width // 2], [0, 0]])
    return tf.add_n([padded[:, i : i + length] * kernel[i] for i in range(width)])


@pytest.mark.parametrize("width", [1, 5, 7])
def test_each_feature_is_convolved_alone(width):
    arguments = [tf.random.normal([2, 9, 3]), tf.random.normal([width, 3])]
    upstream = tf.random.normal([2, 9, 3])
    results = []
    for function in (depthwise_conv, _slices):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            outputs = function(*arguments)
        results.append([outputs, *tape.gradient(outputs, arguments, upstream)])
    for ours, expected in zip(*results):
        np.testing.assert_allclose(ours, expected, atol=1e-4)


def test_the_pointwise_part_is_in_the_compute_dtype():
    layer = SeparableConv(4, 3, dtype="mixed_bfloat16")
    assert layer(tf.random.normal([2, 5, 4])).dtype == tf.bfloat16
    assert {weight.dtype for weight in layer.weights} == {tf.float32}
