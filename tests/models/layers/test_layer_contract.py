"""What holds for every layer: its configuration round trip, and finite values under half precision."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.aligned_query import AlignedQuery
from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.models.layers.char_cnn import CharCNN
from holle_tf.models.layers.encoder_block import EncoderBlock
from holle_tf.models.layers.fast_dropout import FastDropout
from holle_tf.models.layers.feed_forward import FeedForward
from holle_tf.models.layers.highway import Highway
from holle_tf.models.layers.layer_norm import LayerNorm
from holle_tf.models.layers.match_features import MatchFeatures, Words
from holle_tf.models.layers.self_attention import SelfAttention
from holle_tf.models.layers.separable_conv import SeparableConv
from holle_tf.models.layers.span_logits import SpanLogits
from holle_tf.models.layers.start_summary import StartSummary
from holle_tf.models.layers.trilinear_attention import BidafAttention, QanetAttention
from holle_tf.models.layers.word_embedding import WordEmbedding

RNG = np.random.default_rng(0)
TEXT = RNG.normal(size=(2, 5, 8)).astype(np.float32)
MASK = {"mask": tf.sequence_mask([5, 2], 5)}
MASKS = {"document_mask": MASK["mask"], "question_mask": tf.sequence_mask([5, 0], 5)}
IDS = RNG.integers(0, 6, (2, 5)).astype(np.int32)
CHARS = RNG.integers(0, 6, (2, 5, 4)).astype(np.int32)
LAYERS = {
    "bidirectional_gru": (
        lambda p: BidirectionalRNN("gru", 3, implementation="compiled", dtype=p),
        TEXT,
        MASK,
    ),
    "bidirectional_lstm": (
        lambda p: BidirectionalRNN("lstm", 3, implementation="compiled", dtype=p),
        TEXT,
        MASK,
    ),
    "char_cnn": (lambda p: CharCNN(6, 3, 4, dropout=0.1, dtype=p), CHARS, {}),
    "encoder_block": (lambda p: EncoderBlock(8, 2, 1, 3, [0.9, 0.8, 0.7], 0.1, dtype=p), TEXT, MASK),
    "fast_dropout": (lambda p: FastDropout(0.2, dtype=p), TEXT, {}),
    "feed_forward": (lambda p: FeedForward(8, dtype=p), TEXT, {}),
    "highway": (lambda p: Highway(2, "relu", 0.1, dtype=p), TEXT, {}),
    "layer_norm": (lambda p: LayerNorm(dtype=p), TEXT, {}),
    "self_attention": (lambda p: SelfAttention(8, 2, dtype=p), TEXT, MASK),
    "separable_conv": (lambda p: SeparableConv(8, 3, dtype=p), TEXT, {}),
    "span_logits": (lambda p: SpanLogits(dtype=p), [TEXT, TEXT], MASK),
    "start_summary": (lambda p: StartSummary(dtype=p), [TEXT, TEXT, TEXT[..., 0]], {}),
    "bidaf_attention": (lambda p: BidafAttention(dropout=0.1, dtype=p), [TEXT, TEXT], MASKS),
    "qanet_attention": (lambda p: QanetAttention(dropout=0.1, dtype=p), [TEXT, TEXT], MASKS),
    "aligned_query": (
        lambda p: AlignedQuery(4, dtype=p),
        TEXT,
        {"query": TEXT, "query_mask": MASKS["question_mask"]},
    ),
    "match_features": (
        lambda p: MatchFeatures(learned_vectors=True, dtype=p),
        [Words(IDS, IDS, TEXT), Words(IDS, IDS, TEXT)],
        {},
    ),
    "word_embedding": (lambda p: WordEmbedding(RNG.normal(size=(6, 3)), dtype=p), IDS, {}),
}


def _flat(outputs):
    return [tf.cast(output, tf.float32).numpy() for output in tf.nest.flatten(outputs)]


@pytest.mark.parametrize("name", LAYERS)
def test_a_copy_by_configuration_and_weights_computes_the_same(name):
    make, inputs, masks = LAYERS[name]
    layer = make("float32")
    expected = _flat(layer(inputs, **masks))
    copy = tf.keras.layers.deserialize(tf.keras.layers.serialize(layer))
    copy(inputs, **masks)
    copy.set_weights(layer.get_weights())
    assert type(copy) is type(layer)
    for ours, theirs in zip(_flat(copy(inputs, **masks)), expected):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", LAYERS)
def test_half_precision_gives_finite_values_near_those_of_float32(name, policy):
    make, inputs, masks = LAYERS[name]
    precise, half = make("float32"), make(policy)
    expected = _flat(precise(inputs, **masks))
    half(inputs, **masks)
    half.set_weights(precise.get_weights())
    for ours, theirs in zip(_flat(half(inputs, **masks)), expected):
        assert np.isfinite(ours).all()
        np.testing.assert_allclose(ours, theirs, rtol=0.05, atol=0.1)


WITHOUT_WEIGHTS = ("fast_dropout", "start_summary", "match_features")


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in WITHOUT_WEIGHTS])
def test_every_weight_that_is_trained_gets_a_finite_gradient(name):
    make, inputs, masks = LAYERS[name]
    layer = make("float32")
    takes_training = "training" in inspect.signature(layer.call).parameters
    options = {**masks, "training": True} if takes_training else masks
    with tf.GradientTape() as tape:
        outputs = layer(inputs, **options)
        loss = tf.add_n([tf.reduce_sum(tf.cast(o, tf.float32) ** 2) for o in tf.nest.flatten(outputs)])
    gradients = tape.gradient(loss, layer.trainable_variables)
    assert gradients
    for gradient in gradients:
        assert np.isfinite(tf.convert_to_tensor(gradient)).all()
