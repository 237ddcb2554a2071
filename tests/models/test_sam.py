import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import SamConfig
from holle_tf.models.layers.history_attention import HistorySummary
from holle_tf.models.layers.interaction import (
    AdditiveInteraction,
    MultiplicativeInteraction,
    make_interaction,
)
from holle_tf.models.parameters import trainable_parameters
from holle_tf.models.sam import INPUTS, build_sam

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(40, 100)).astype(np.float32)
LENGTHS = {"document": 12, "query": 5, "prober_history": 4, "responder_history": 6}


def _features(rows=3):
    return {name: RNG.integers(1, 40, (rows, length)).astype(np.int32) for name, length in LENGTHS.items()}


def _padded(features, by=7):
    return {name: np.pad(ids, ((0, 0), (0, by))) for name, ids in features.items()}


SMALL = {"units": 6, "inner_units": 5, "layers": 1}


@pytest.mark.parametrize(("interaction", "encoder_and_scores"), [("add", 236_800), ("mul", 269_312)])
def test_parameter_counts_are_those_of_the_paper(interaction, encoder_and_scores):
    model = build_sam(SamConfig(interaction=interaction), VECTORS)
    unknown_word, empty_histories = 100, 2 * 128
    assert trainable_parameters(model) == encoder_and_scores + unknown_word + empty_histories


@pytest.mark.parametrize("sharing", ["all", "context", "none"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("interaction", ["add", "mul"])
def test_more_padding_changes_no_output(interaction, cell, sharing):
    model = build_sam(
        SamConfig(interaction=interaction, cell=cell, encoder_sharing=sharing, **SMALL), VECTORS
    )
    features = _features()
    features["prober_history"][1] = 0
    features["query"][2, 2:] = 0
    features["document"][0, 9:] = 0
    short, long = model(features), model(_padded(features))
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(short[edge], long[edge][:, :12], atol=1e-5)
        assert (long[edge].numpy()[:, 12:] < -1e8).all()
        assert (short[edge].numpy()[0, 9:] < -1e8).all()
    for vector in ("prober_vector", "responder_vector"):
        np.testing.assert_allclose(short[vector], long[vector], atol=1e-5)
    np.testing.assert_array_equal(long["document_mask"][:, 12:], False)


def test_an_empty_history_gives_the_learned_vector_and_its_gradient():
    model = build_sam(SamConfig(**SMALL), VECTORS)
    features = _features()
    features["prober_history"][:] = 0
    empty = model.get_layer("prober_summary").variables[0]
    empty.assign(tf.range(12, dtype=tf.float32))
    with tf.GradientTape() as tape:
        outputs = model(features)
        loss = tf.reduce_sum(outputs["start_logits"])
    np.testing.assert_allclose(outputs["prober_vector"], np.tile(np.arange(12), (3, 1)))
    assert np.abs(tape.gradient(loss, empty)).max() > 0


def test_texts_that_are_all_empty_give_finite_outputs():
    model = build_sam(SamConfig(**SMALL), VECTORS)
    features = {name: np.zeros_like(ids) for name, ids in _features().items()}
    features["document"][:, 0] = 3
    outputs = model(features)
    assert all(np.isfinite(np.asarray(value, np.float64)).all() for value in outputs.values())


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_reduced_precision_gives_finite_float32_logits(policy):
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        model = build_sam(SamConfig(**SMALL), VECTORS)
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    outputs = model(_padded(_features()))
    assert outputs["start_logits"].dtype == tf.float32
    assert np.isfinite(outputs["start_logits"]).all()


def test_interactions_are_the_formulas_of_the_paper():
    sequence, first, second = (RNG.normal(size=s).astype(np.float32) for s in ((2, 3, 4), (2, 4), (2, 5)))
    mul, add = MultiplicativeInteraction(), AdditiveInteraction(6)
    found = mul([sequence, first, second]), add([sequence, first, second])
    w1, w2 = (w.numpy() for w in mul.weights)
    a0, a1, a2, w = (w.numpy() for w in add.weights)
    for b in range(2):
        for t in range(3):
            v0 = sequence[b, t]
            assert float(found[0][b, t]) == pytest.approx(v0 @ (first[b] @ w1 + second[b] @ w2), abs=1e-5)
            inner = np.tanh(v0 @ a0 + first[b] @ a1 + second[b] @ a2)
            assert float(found[1][b, t]) == pytest.approx((inner @ w)[0], abs=1e-5)


def test_history_summary_is_the_attention_of_the_paper():
    history, query = (RNG.normal(size=s).astype(np.float32) for s in ((1, 4, 3), (1, 3)))
    layer = HistorySummary(MultiplicativeInteraction())
    found = layer(history, query, mask=tf.constant([[True, True, True, False]]))
    scores = history[0, :3] @ (query[0] @ layer.interaction.weights[0].numpy())
    alpha = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(found[0], alpha @ history[0, :3], rtol=1e-4, atol=1e-5)


def test_layers_survive_their_configuration():
    layer = HistorySummary(AdditiveInteraction(6))
    again = HistorySummary.from_config(layer.get_config())
    assert isinstance(again.interaction, AdditiveInteraction) and again.interaction.units == 6
    with pytest.raises(ValueError, match="neither"):
        make_interaction("sub", 3, "x")


def test_the_model_reads_what_it_says(tmp_path):
    model = build_sam(SamConfig(**SMALL), VECTORS)
    assert tuple(model.input) == INPUTS
    model.save_weights(tmp_path / "w.weights.h5")
    again = build_sam(SamConfig(**SMALL), np.zeros_like(VECTORS))
    again.load_weights(tmp_path / "w.weights.h5")
    features = _features()
    np.testing.assert_allclose(model(features)["end_logits"], again(features)["end_logits"], atol=1e-6)
