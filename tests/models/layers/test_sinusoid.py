import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.sinusoid import sinusoid_positions


def test_positions_are_sines_and_cosines_of_geometric_wave_lengths():
    positions = sinusoid_positions(5, 4).numpy()
    steps = np.arange(5)
    expected = np.stack([np.sin(steps), np.sin(steps / 1e4), np.cos(steps), np.cos(steps / 1e4)], axis=1)
    np.testing.assert_allclose(positions, expected, atol=1e-6)


def test_far_positions_differ_in_bfloat16():
    positions = tf.cast(sinusoid_positions(600, 8, tf.bfloat16), tf.float32).numpy()
    assert not np.array_equal(positions[513], positions[514])


def test_an_odd_number_of_features_is_refused():
    with pytest.raises(ValueError, match="even"):
        sinusoid_positions(3, 5)
