"""The gradient of the Sobolev term by a student's weights, on weights that were trained at a high rate."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import SamConfig
from holle_tf.distill import gradient_distance
from holle_tf.distill.distiller import Distiller
from holle_tf.distill.gradient_distance import distance_by_differences, distance_by_tapes, squared_distance
from holle_tf.distill.input_gradients import InputGradients, gradient_targets, input_gradients
from holle_tf.distill.precision import computing_in_float32
from holle_tf.models.layers.bidirectional import twice_differentiable
from holle_tf.models.sam import build_sam
from holle_tf.options.distill import DistillConfig

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(60, 8)).astype(np.float32)
ROWS, WORDS, STEPS, RATE = 8, 12, 300, 0.01


def _texts():
    widths = {"document": WORDS, "query": 4, "prober_history": 3, "responder_history": 3}
    texts = {name: RNG.integers(2, 60, (ROWS, width)).astype(np.int32) for name, width in widths.items()}
    texts["question"] = np.concatenate([texts[name] for name in list(widths)[1:]], axis=1)
    return {name: tf.constant(text) for name, text in texts.items()}


FEATURES = _texts()
LABELS = {edge: tf.constant(RNG.integers(0, WORDS, ROWS), tf.int32) for edge in ("start", "end")}


@cache
def _trained(policy="float32"):
    """A SAM that has learned its examples by heart, so that its probabilities are sharp."""
    tf.keras.utils.set_random_seed(0)
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        student = build_sam(SamConfig(units=8, layers=1, inner_units=8, dropout=0.0), VECTORS)
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    distiller = Distiller(student, ["labels"])
    distiller.compile(optimizer=tf.keras.optimizers.Adam(RATE))
    step = tf.function(distiller.train_step)
    for _ in range(STEPS):
        loss = step((FEATURES, LABELS))["loss"]
    assert loss < 1.0, "it has learned something"
    return student


def _targets(mode):
    return gradient_targets(LABELS, DistillConfig(gradient_mode=mode), tf.constant([0, 0]))


def _distance(own):
    zero = InputGradients(*(tf.zeros_like(text) for text in own))
    return squared_distance(own, zero, normalised=False)


def _reader(student, twice):
    def read(features):
        texts = {name: features[name] for name in student.input}
        with computing_in_float32(student):
            if not twice:
                return student(texts, training=False)
            with twice_differentiable():
                return student(texts, training=False)

    return read


@cache
def _gradient(way, policy, mode, step=gradient_distance.STEP):
    """Of the trained student, by all its weights: float64, (weights,)."""
    student = _trained(policy)
    read = _reader(student, twice=way is distance_by_tapes)

    with pytest.MonkeyPatch.context() as patch, tf.GradientTape() as tape:
        patch.setattr(gradient_distance, "STEP", step)
        total = tf.reduce_sum(way(read, FEATURES, _targets(mode), _distance))
    found = tape.gradient(total, student.trainable_variables, unconnected_gradients="zero")
    return np.concatenate([np.ravel(gradient) for gradient in found]).astype(np.float64)


def _error(policy, mode, step=gradient_distance.STEP):
    """Distance of differences from nested tapes, relative to these."""
    exact = _gradient(distance_by_tapes, policy, mode)
    found = _gradient(distance_by_differences, policy, mode, step)
    return np.linalg.norm(found - exact) / np.linalg.norm(exact)


@pytest.mark.parametrize(("policy", "mode"), [("float32", "label"), ("mixed_bfloat16", "projection")])
def test_differences_hold_on_trained_weights_under_any_number_format(policy, mode):
    assert _error(policy, mode) < 5e-3


def test_a_longer_step_would_not_hold_on_these_weights():
    assert _error("float32", "label", step=0.02) > 1e-2


def test_on_trained_weights_the_distance_grows_along_its_gradient_as_differences_say():
    student = _trained()
    gradient = _gradient(distance_by_differences, "float32", "label")
    length = np.linalg.norm(gradient)
    weights = student.trainable_variables
    parts = np.split(gradient / length, np.cumsum([weight.shape.num_elements() for weight in weights])[:-1])
    directions = [part.reshape(weight.shape) for part, weight in zip(parts, weights)]
    origin = [weight.numpy() for weight in weights]

    @tf.function
    def total():
        own = input_gradients(_reader(student, twice=False), FEATURES, _targets("label"))
        return tf.reduce_sum(_distance(own))

    def slope(step):
        values = []
        for sign in (1.0, -1.0):
            for weight, start, direction in zip(weights, origin, directions):
                weight.assign(start + sign * step * direction)
            values.append(np.float64(total()))
        return (values[0] - values[1]) / (2 * step)

    try:
        found = (4 * slope(2e-3) - slope(4e-3)) / 3  # without the error of second order in the step
    finally:
        for weight, start in zip(weights, origin):
            weight.assign(start)
    np.testing.assert_allclose(found, length, rtol=1e-2)
