import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import MODELS, BidafConfig
from holle_tf.models.bidaf import build_bidaf
from holle_tf.models.parameters import trainable_parameters

VECTORS = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
CHARS = 9
SMALL = BidafConfig(units=6, char_dim=4, char_filters=5)


def test_the_parameter_count_is_the_published_one():
    model = build_bidaf(BidafConfig(segments=False), np.zeros((10, 100), np.float32), char_count=300)
    words = 100  # the unknown word's vector
    characters = 300 * 8 + 5 * 8 * 100 + 100
    highway = 2 * 2 * (200 * 200 + 200)
    lstms = [2 * 400 * (inputs + 100 + 1) for inputs in (200, 800, 200, 1400)]
    similarity, pointers = 3 * 200 + 1, 2 * (1000 + 1)
    expected = words + characters + highway + sum(lstms) + similarity + pointers
    assert trainable_parameters(model) == expected == 2_573_203


def test_more_padding_changes_no_output(features, padded):
    model = build_bidaf(SMALL, VECTORS, CHARS)
    short, longer = model(features), model(padded)
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(longer[edge][:, :11], short[edge], atol=1e-4)
        np.testing.assert_array_equal(longer[edge][:, 11:], -1e9)
        np.testing.assert_array_equal(short[edge][0, 8:], -1e9)
    np.testing.assert_allclose(longer["query_to_context"], short["query_to_context"], atol=1e-4)
    vectors = [outputs["mean_context_to_query"] for outputs in (longer, short)]
    np.testing.assert_allclose(*vectors, atol=1e-4)
    np.testing.assert_array_equal(longer["document_mask"][:, :11], features["document"] > 0)
    np.testing.assert_array_equal(longer["document_mask"][:, 11:], False)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"], indirect=True)
def test_an_empty_question_and_every_policy_give_finite_float32(policy, features):
    model = build_bidaf(SMALL, VECTORS, CHARS)
    for name in ("question", "question_chars", "query", "prober_history"):
        features[name][2] = 0
    outputs = model(features, training=True)
    for name in ("start_logits", "end_logits", "query_to_context", "mean_context_to_query"):
        assert outputs[name].dtype == tf.float32
        assert np.isfinite(outputs[name]).all()
    assert outputs["query_to_context"].shape == outputs["mean_context_to_query"].shape == (3, 12)
    np.testing.assert_array_equal(outputs["mean_context_to_query"][2], 0)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"], indirect=True)
def test_every_trained_weight_gets_a_finite_gradient(policy, features):
    model = build_bidaf(SMALL, VECTORS, CHARS)
    features["document"][0, 0] = 1  # an unknown word, so that its vector takes part
    with tf.GradientTape() as tape:
        outputs = model(features, training=True)
        edges = [tf.nn.log_softmax(outputs[edge])[:, 1] for edge in ("start_logits", "end_logits")]
        loss = -tf.reduce_mean(tf.add_n(edges))
    for weight, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
        assert gradient is not None, weight.name
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(gradient).all(), weight.name
        # a scalar added to all logits or similarities cancels in the softmax
        assert np.abs(gradient).max() > 0 or weight.shape.num_elements() == 1, weight.name


def test_weights_survive_a_file_and_the_model_its_configuration(tmp_path, features):
    model = build_bidaf(SMALL, VECTORS, CHARS)
    expected = model(features)
    model.save_weights(tmp_path / "weights")
    copy = tf.keras.Model.from_config(model.get_config())
    copy.load_weights(tmp_path / "weights").assert_existing_objects_matched()
    assert set(copy.input) == set(MODELS["bidaf"].inputs)
    for name, value in copy(features).items():
        np.testing.assert_array_equal(value, expected[name])


def test_word_vectors_are_frozen_unless_asked():
    frozen = build_bidaf(SMALL, VECTORS, CHARS)
    learned = build_bidaf(SMALL, VECTORS, CHARS, trainable_embeddings=True)
    assert trainable_parameters(learned) - trainable_parameters(frozen) == VECTORS.size
