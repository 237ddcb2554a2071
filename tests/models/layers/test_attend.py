import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.attend import attend

SHAPE = [2, 3, 7, 4]  # batch, heads, length, size
MASK = tf.constant([[True] * 7, [True] * 4 + [False] * 3])


def _plain(query, key, value, mask):
    scores = tf.matmul(query, key, transpose_b=True)
    scores = tf.where(mask[:, tf.newaxis, tf.newaxis, :], scores, tf.constant(-1e9, scores.dtype))
    return tf.matmul(tf.nn.softmax(scores), value)


def _chunked(*arguments):
    return attend(*arguments, chunk=3)


def _chunked_in_graph(*arguments):
    return tf.function(_chunked)(*arguments)


def _value_and_gradients(function, arguments, upstream):
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        outputs = function(*arguments, MASK)
    return [outputs, *tape.gradient(outputs, arguments, upstream)]


@pytest.mark.parametrize("function", [attend, _chunked, _chunked_in_graph])
def test_value_and_gradient_are_those_of_the_definition(function):
    *arguments, upstream = (tf.random.normal(SHAPE, dtype=tf.float64) for _ in range(4))
    expected = _value_and_gradients(_plain, arguments, upstream)
    for ours, theirs in zip(_value_and_gradients(function, arguments, upstream), expected):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 0.08), ("float16", 0.01)])
def test_half_precision_stays_near_the_definition(dtype, tolerance):
    tf.random.set_seed(3)
    *arguments, upstream = (tf.random.normal(SHAPE) for _ in range(4))
    expected = _value_and_gradients(_plain, arguments, upstream)
    halves = [tf.cast(argument, dtype) for argument in arguments]
    for ours, theirs in zip(_value_and_gradients(attend, halves, tf.cast(upstream, dtype)), expected):
        assert np.abs(tf.cast(ours, tf.float32) - theirs).max() < tolerance * np.abs(theirs).max()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_text_without_words_gives_finite_values(dtype):
    arguments = [tf.cast(tf.random.normal(SHAPE), dtype) for _ in range(3)]
    outputs = attend(*arguments, tf.zeros([2, 7], tf.bool))
    assert np.isfinite(tf.cast(outputs, tf.float32)).all()


@pytest.mark.parametrize("length", [6, 7, 13])  # two chunks are not divided; three need not be whole
def test_the_gradient_of_a_graph_that_knows_no_length(length):
    shapes = [tf.TensorSpec([2, 3, None, 4], tf.float64)] * 4

    @tf.function(input_signature=shapes)
    def found(query, key, value, upstream):
        mask = tf.sequence_mask([length, 4], length)
        with tf.GradientTape() as tape:
            tape.watch([query, key, value])
            outputs = attend(query, key, value, mask, chunk=3)
        return [outputs, *tape.gradient(outputs, [query, key, value], upstream)]

    arguments = [tf.random.normal([2, 3, length, 4], dtype=tf.float64) for _ in shapes]
    with tf.GradientTape() as tape:
        tape.watch(arguments[:3])
        outputs = _plain(*arguments[:3], tf.sequence_mask([length, 4], length))
    expected = [outputs, *tape.gradient(outputs, arguments[:3], arguments[3])]
    for ours, theirs in zip(found(*arguments), expected):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_inference_in_a_graph_has_a_gradient_whatever_the_length():
    # That of the input, which gradient matching takes of a teacher.
    @tf.function(input_signature=[tf.TensorSpec([None, 2, None, 4]), tf.TensorSpec([None, None], tf.bool)])
    def gradient(texts, mask):
        with tf.GradientTape() as tape:
            tape.watch(texts)
            total = tf.reduce_sum(attend(texts, texts, texts, mask, chunk=4) ** 2)
        return tape.gradient(total, texts)

    for length in (6, 11):  # read whole, and in chunks
        texts = tf.random.stateless_normal([1, 2, length, 4], [0, 1])
        mask = tf.ones([1, length], tf.bool)
        with tf.GradientTape() as tape:
            tape.watch(texts)
            total = tf.reduce_sum(attend(texts, texts, texts, mask, chunk=0) ** 2)
        expected = tape.gradient(total, texts)
        np.testing.assert_allclose(gradient(texts, mask), expected, atol=1e-5)
