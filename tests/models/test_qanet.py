import numpy as np
import pytest
import tensorflow as tf

from holle_tf.addons import StochasticDepth
from holle_tf.catalogue import MODELS, QanetConfig
from holle_tf.models.parameters import trainable_parameters
from holle_tf.models.qanet import build_qanet, survival_chances

VECTORS = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
CHARS = 9
SMALL = QanetConfig(units=8, heads=2, char_dim=4, encoder_convs=2, model_blocks=2)


@pytest.fixture(scope="module")
def model():
    """Of the size above in float32; not to be changed."""
    return build_qanet(SMALL, VECTORS, CHARS)


def test_the_parameter_count_is_the_published_one():
    # Published without a trained vector for unknown words, which is 300 parameters here.
    model = build_qanet(QanetConfig(segments=False), np.zeros((10, 300), np.float32), char_count=1427)
    unknown_word = int(np.prod(model.get_layer("word_embedding").unknown.shape))
    assert unknown_word == 300
    assert trainable_parameters(model) - unknown_word == 1_295_553


def test_survival_falls_linearly_and_reaches_the_top_value():
    chances = survival_chances(28, 0.9)
    assert chances[-1] == pytest.approx(0.9)
    np.testing.assert_allclose(np.diff(chances), -0.1 / 28)


def test_the_model_encoder_uses_those_chances_from_bottom_to_top(model):
    depth = SMALL.model_convs + 2
    found = []
    for i in range(SMALL.model_blocks):
        block = model.get_layer(f"model_encoder_{i}")
        joins = [layer for layer in block._flatten_layers() if isinstance(layer, StochasticDepth)]
        found += sorted((join.survival_probability for join in joins), reverse=True)
    np.testing.assert_allclose(found, survival_chances(depth * SMALL.model_blocks, SMALL.survival))


def test_the_pointers_read_the_passes_that_the_paper_names(model):
    top = model.get_layer(f"model_encoder_{SMALL.model_blocks - 1}")
    passes = [top.get_output_at(i) for i in range(3)]
    for edge, second in (("start", 1), ("end", 2)):
        read = model.get_layer(edge).input
        assert read[0] is passes[0]
        assert read[1] is passes[second]


def test_more_padding_changes_no_output(features, padded, model):
    short, longer = model(features), model(padded)
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(longer[edge][:, :11], short[edge], atol=1e-4)
        np.testing.assert_array_equal(longer[edge][:, 11:], -1e9)
        np.testing.assert_array_equal(short[edge][0, 8:], -1e9)
    np.testing.assert_allclose(longer["similarity_row_sums"][:, :11], short["similarity_row_sums"], atol=1e-4)
    np.testing.assert_array_equal(longer["similarity_row_sums"][:, 11:], 0)
    vectors = [outputs["mean_context_to_query"] for outputs in (longer, short)]
    np.testing.assert_allclose(*vectors, atol=1e-4)
    np.testing.assert_array_equal(longer["document_mask"][:, :11], features["document"] > 0)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"], indirect=True)
def test_an_empty_question_and_every_policy_give_finite_float32(policy, features):
    model = build_qanet(SMALL, VECTORS, CHARS)
    for name in ("question", "question_chars", "query", "prober_history"):
        features[name][2] = 0
    outputs = model(features, training=True)
    for name in ("start_logits", "end_logits", "similarity_row_sums", "mean_context_to_query"):
        assert outputs[name].dtype == tf.float32
        assert np.isfinite(outputs[name]).all()
    assert outputs["mean_context_to_query"].shape == (3, 8)
    for name in ("similarity_row_sums", "mean_context_to_query"):
        np.testing.assert_array_equal(outputs[name][2], 0)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"], indirect=True)
def test_every_trained_weight_gets_a_finite_gradient(policy, features):
    model = build_qanet(SMALL, VECTORS, CHARS)
    with tf.GradientTape() as tape:
        outputs = model(features, training=True)
        edges = [tf.nn.log_softmax(outputs[edge])[:, 1] for edge in ("start_logits", "end_logits")]
        loss = -tf.reduce_mean(tf.add_n(edges))
    for weight, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
        assert gradient is not None, weight.name
        assert np.isfinite(tf.convert_to_tensor(gradient)).all(), weight.name


def test_weights_survive_a_file_and_the_model_its_configuration(tmp_path, features, model):
    expected = model(features)
    model.save_weights(tmp_path / "weights")
    copy = tf.keras.Model.from_config(model.get_config())
    copy.load_weights(tmp_path / "weights").assert_existing_objects_matched()
    assert set(copy.input) == set(MODELS["qanet"].inputs)
    for name, value in copy(features).items():
        np.testing.assert_array_equal(value, expected[name])
