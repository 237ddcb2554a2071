import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import BidafConfig, QanetConfig, SamConfig, SamMatchConfig
from holle_tf.distill.gradient_distance import distance_by_differences, distance_by_tapes, squared_distance
from holle_tf.distill.input_gradients import (
    InputGradients,
    gradient_targets,
    input_gradients,
    unit_directions,
)
from holle_tf.distill.losses import log_probabilities
from holle_tf.models.bidaf import build_bidaf
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.models.layers.bidirectional import twice_differentiable
from holle_tf.models.qanet import build_qanet
from holle_tf.models.sam import build_sam
from holle_tf.models.sam_match import build_sam_match
from holle_tf.options.distill import DistillConfig
from pipelines.word_keys import WORD_BITS

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(40, 6)).astype(np.float32)
PARTS = {"query": (3, 4), "prober_history": (2, 0), "responder_history": (0, 3)}
SEED = tf.constant([0, 0])


def _ids(lengths, width, start):
    ids = np.zeros((len(lengths), width), np.int32)
    for row, length in enumerate(lengths):
        ids[row, :length] = start + row * width + np.arange(length)  # every word once: gradients by word
    return ids


def _features():
    features = {"document": _ids((7, 5), 8, 2)}
    for i, (name, lengths) in enumerate(PARTS.items()):
        features[name] = _ids(lengths, 4, 18 + 8 * i) % 40
        features[name][features[name] == 1] = 2
    features["question"] = np.zeros((2, 9), np.int32)
    for row in range(2):
        words = np.concatenate([features[name][row][: PARTS[name][row]] for name in PARTS])
        features["question"][row, : len(words)] = words
    for name in ("document", "question"):
        features[f"{name}_chars"] = np.repeat(features[name][..., None] % 5, 3, axis=-1)
    for name in ("document", *PARTS):
        ids = features[name]
        features[f"{name}_keys"] = (ids % 9 << WORD_BITS | ids % 5) * (ids > 0)  # some words match
    return {name: tf.constant(text) for name, text in features.items()}


LABELS = {"start": tf.constant([2, 0]), "end": tf.constant([3, 4])}
TARGETS = gradient_targets(LABELS, DistillConfig(gradient_mode="label"), SEED)


def _sam(sharing="all", cell="gru"):
    tf.keras.utils.set_random_seed(0)
    config = SamConfig(units=4, layers=2, inner_units=4, cell=cell, encoder_sharing=sharing)
    return build_sam(config, VECTORS)


def _sam_match(sharing="all"):
    tf.keras.utils.set_random_seed(0)
    sizes = dict(units=4, layers=1, inner_units=4, match_units=3, align_units=4)
    return build_sam_match(SamMatchConfig(encoder_sharing=sharing, **sizes), VECTORS)


def _reader(model):
    def read(features):
        with twice_differentiable():
            return model({name: features[name] for name in model.input}, training=False)

    return read


def _qanet():
    return build_qanet(QanetConfig(units=8, heads=2, char_dim=4, encoder_convs=1, model_blocks=1), VECTORS, 5)


def _models():
    return {
        "sam": lambda: _sam(),
        "sam-separate-lstm": lambda: _sam("none", "lstm"),
        "sam_match": _sam_match,
        "sam_match-separate": lambda: _sam_match("none"),
        "bidaf": lambda: build_bidaf(BidafConfig(units=4, char_filters=4, char_dim=4), VECTORS, 5),
        "qanet": _qanet,
        "qanet-in-chunks": lambda: chunked_reader(_qanet(), 4, 3, chunk_batch=2),
    }


@pytest.mark.parametrize("name", list(_models()))
def test_label_gradients_are_those_of_finite_differences(name):
    tf.keras.utils.set_random_seed(1)
    model, features = _models()[name](), _features()
    found = input_gradients(_reader(model), features, TARGETS)
    assert found.document.shape == (2, 2, 8, 6) and found.question.shape == (2, 2, 9, 6)

    @tf.function  # read sixteen times
    def starts():
        outputs = model({name: features[name] for name in model.input}, training=False)
        return log_probabilities(outputs["start_logits"], outputs["document_mask"])

    reading = model.get_layer("chunked_reading").model if "chunks" in name else model
    matrix = reading.get_layer("word_embedding").matrix
    original, step = matrix.numpy(), 1e-2
    for text, positions in (("document", [(0, 1), (1, 3)]), ("question", [(0, 4), (1, 5)])):
        for row, position in positions:
            word = int(features[text][row, position])
            uses = sum(int(np.sum(features[t].numpy() == word)) for t in ("document", "question"))
            assert uses == 1  # moving its vector moves this position alone
            for dimension in (0, 5):
                values = []
                for sign in (1.0, -1.0):
                    moved = original.copy()
                    moved[word, dimension] += sign * step
                    matrix.assign(moved)
                    values.append(float(starts()[row, LABELS["start"][row]]))
                matrix.assign(original)
                expected = (values[0] - values[1]) / (2 * step)
                gradient = getattr(found, text)[0, row, position, dimension]
                np.testing.assert_allclose(gradient, expected, rtol=3e-2, atol=2e-4)


def test_a_document_of_one_chunk_has_the_gradients_of_the_model_itself():
    model, features = _qanet(), _features()
    plain = input_gradients(_reader(model), features, TARGETS)
    in_chunks = input_gradients(_reader(chunked_reader(model, 8, 6)), features, TARGETS)
    for expected, found in zip(plain, in_chunks):
        assert np.abs(expected).max() > 1e-4
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_padding_has_no_gradient():
    features = _features()
    found = input_gradients(_reader(_sam()), features, TARGETS)
    for gradient, text in ((found.document, "document"), (found.question, "question")):
        assert not gradient.numpy()[:, features[text].numpy() == 0].any()
        assert np.abs(gradient.numpy()[:, features[text].numpy() > 0]).max() > 0


@pytest.mark.parametrize("mode", ["label", "projection"])
def test_a_row_is_untouched_by_the_words_and_directions_of_another(mode):
    options = DistillConfig(gradient_mode=mode, gradient_directions=2)
    model, features = _sam(), _features()
    both = input_gradients(_reader(model), features, gradient_targets(LABELS, options, SEED))
    changed = {name: tf.concat([text[:1], text[1:] * 0 + text[:1]], 0) for name, text in features.items()}
    labels = {edge: tf.concat([y[:1], y[:1]], 0) for edge, y in LABELS.items()}
    other = input_gradients(_reader(model), changed, gradient_targets(labels, options, SEED))
    for text, text_other in zip(both, other):
        assert len(text) == (2 if mode == "label" else 4)
        np.testing.assert_allclose(text[:, 0], text_other[:, 0], atol=1e-5)


def test_directions_are_unit_vectors_over_real_tokens_and_no_two_rows_share_one():
    mask = np.arange(9)[None] < np.array([[9], [9], [4], [0]])
    found = unit_directions(tf.constant(mask), SEED).numpy()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0], atol=1e-5)
    assert not found[~mask].any()
    assert np.abs(found[0] - found[1]).max() > 0.1
    assert np.abs(found - unit_directions(tf.constant(mask), tf.constant([0, 1])).numpy()).max() > 0.1


def test_distance_is_zero_to_itself_and_the_sum_of_squares_to_zero():
    own = input_gradients(_reader(_sam()), _features(), TARGETS)
    zero = InputGradients(*(tf.zeros_like(text) for text in own))
    np.testing.assert_allclose(squared_distance(own, own, False), 0.0)
    expected = sum(np.sum(text.numpy() ** 2, axis=(0, 2, 3)) for text in own)
    np.testing.assert_allclose(squared_distance(own, zero, False), expected, rtol=1e-5)
    # Of unit length, a gradient is at distance 1 from none, for each of the two targets.
    np.testing.assert_allclose(squared_distance(own, zero, True), 2.0, rtol=1e-4)


def test_the_second_gradient_by_the_weights_is_that_of_finite_differences():
    student, teacher, features = _sam(), _qanet(), _features()
    other = input_gradients(_reader(teacher), features, TARGETS)

    def distance():
        own = input_gradients(_reader(student), features, TARGETS)
        return tf.reduce_sum(squared_distance(own, other, False))

    weights = [
        v for v in student.trainable_variables if "recurrent_kernel" in v.name or "interaction" in v.name
    ]
    with tf.GradientTape() as tape:
        total = distance()
    moved_distance = tf.function(distance)
    for variable, gradient in zip(weights, tape.gradient(total, weights)):
        if gradient is None:
            continue  # the bias of a score does not reach a softmax
        direction = RNG.normal(size=variable.shape).astype(np.float32)
        direction /= np.linalg.norm(direction)
        original, values = variable.numpy(), []
        for sign in (1.0, -1.0):
            variable.assign(original + sign * 2e-2 * direction)
            values.append(float(moved_distance()))
        variable.assign(original)
        expected = (values[0] - values[1]) / 4e-2
        found = float(tf.reduce_sum(tf.convert_to_tensor(gradient) * direction))
        np.testing.assert_allclose(found, expected, rtol=5e-2, atol=2e-3 * max(float(total), 1e-2))


@pytest.mark.parametrize(
    ("build", "mode", "normalised", "sharing"),
    [
        (_sam, "label", False, "all"),
        (_sam, "label", True, "none"),
        (_sam, "projection", False, "all"),
        (_sam_match, "label", False, "all"),
    ],
)
def test_differences_have_the_gradient_of_nested_tapes(build, mode, normalised, sharing):
    options = DistillConfig(gradient_mode=mode)
    student, features = build(sharing), _features()
    targets = gradient_targets(LABELS, options, SEED)
    other = input_gradients(_reader(_qanet()), features, targets)

    def read(texts):
        return student({name: texts[name] for name in student.input}, training=False)

    found = []
    for way, reader in ((distance_by_tapes, _reader(student)), (distance_by_differences, read)):
        with tf.GradientTape(persistent=True) as tape:
            values = way(reader, features, targets, lambda own: squared_distance(own, other, normalised))
            totals = [tf.reduce_sum(values), values[1]]  # each row has a step and a norm of its own
        gradients = [
            tape.gradient(total, student.trainable_variables, unconnected_gradients="zero")
            for total in totals
        ]
        found.append([values, *(np.concatenate([np.ravel(g) for g in of_total]) for of_total in gradients)])
    exact, differences = found
    np.testing.assert_allclose(differences[0], exact[0], rtol=1e-4)
    for expected, gradient in zip(exact[1:], differences[1:]):
        # Match features have kinks: the largest of several cosines, and a relu.
        tolerance = 1e-2 if build is _sam_match else 1e-3
        assert np.linalg.norm(gradient - expected) < tolerance * np.linalg.norm(expected)


def test_equal_gradients_have_no_distance_and_a_slope_of_zero():
    student, features = _sam(), _features()
    other = input_gradients(_reader(student), features, TARGETS)
    with tf.GradientTape() as tape:
        found = distance_by_differences(
            _reader(student), features, TARGETS, lambda own: squared_distance(own, other, False)
        )
    np.testing.assert_allclose(found, 0.0, atol=1e-8)
    for gradient in tape.gradient(found, student.trainable_variables):
        assert gradient is None or np.abs(tf.convert_to_tensor(gradient)).max() < 1e-4
