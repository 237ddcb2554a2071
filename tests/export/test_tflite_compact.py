import numpy as np
import pytest
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from holle_tf.export.tflite_compact import compacted

UNITS = 40  # a kernel of more than 1,024 numbers is one that the converter quantises


@pytest.fixture(scope="module")
def converted():
    """A loop over words with two equal constants, as the converter leaves it: int8 weights."""
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=(UNITS, UNITS)).astype(np.float32), np.full([1, UNITS], 0.5, np.float32)

    @tf.function(input_signature=[tf.TensorSpec([1, UNITS], tf.float32, name="state")], autograph=False)
    def repeated(state):
        def turn(i, state):
            return i + 1, tf.tanh(tf.matmul(state, kernel) + bias)

        state = tf.while_loop(lambda i, _: i < 3, turn, (0, state))[1]
        return {"last": state + bias}

    # Without a module the converter writes no signature.
    function = repeated.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter.convert()


def _model(contents):
    return flatbuffer_utils.convert_bytearray_to_object(bytearray(contents))


def test_the_numbers_are_the_same_bit_for_bit(converted):
    state = np.random.default_rng(1).normal(size=(1, UNITS)).astype(np.float32)
    found = [
        tf.lite.Interpreter(model_content=contents).get_signature_runner()(state=state)["last"]
        for contents in (converted, compacted(converted))
    ]
    assert found[0].any()
    np.testing.assert_array_equal(*found)


def test_it_is_smaller_and_again_no_smaller(converted):
    small = compacted(converted)
    assert len(small) < len(converted)
    assert compacted(small) == small


def test_no_two_buffers_are_equal_and_the_first_is_empty(converted):
    buffers = [
        bytes(buffer.data) if buffer.data is not None else b""
        for buffer in _model(compacted(converted)).buffers
    ]
    assert buffers[0] == b""
    assert len(set(buffers)) == len(buffers)


def test_inputs_and_outputs_keep_their_names(converted):
    before, after = (tf.lite.Interpreter(model_content=model) for model in (converted, compacted(converted)))
    for details in ("get_input_details", "get_output_details"):
        names = [tensor["name"] for tensor in getattr(after, details)()]
        assert names == [tensor["name"] for tensor in getattr(before, details)()] and all(names)
    assert after.get_signature_list() == before.get_signature_list()
