from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.decoding import decode_spans


def naive_spans(start_logits, end_logits, mask, max_span):
    """All valid spans of one row as (score, start, end), best first; a double loop in float64."""
    places = np.flatnonzero(mask)
    if not len(places):
        return []
    start, end = (np.exp(x[places] - x[places].max()) for x in (start_logits, end_logits))
    start, end = start / start.sum(), end / end.sum()
    found = []
    for a, i in enumerate(places):
        for b, j in enumerate(places):
            if i <= j < i + max_span:
                found.append((start[a] * end[b], i, j))
    return sorted(found, key=lambda span: (-span[0], span[1], span[2]))


def decode(start, end, mask, max_span, n_best=1):
    out = decode_spans(
        tf.constant(start, tf.float32), tf.constant(end, tf.float32), tf.constant(mask), max_span, n_best
    )
    return {name: value.numpy() for name, value in out.items()}


@pytest.mark.parametrize("seed", range(25))
def test_agrees_with_a_double_loop(seed):
    generator = np.random.default_rng(seed)
    batch, doc_len = 4, int(generator.integers(1, 14))
    max_span, n_best = int(generator.integers(1, 18)), int(generator.integers(1, 12))
    start, end = generator.normal(0, 3, (2, batch, doc_len))
    mask = generator.random((batch, doc_len)) < 0.8  # holes as well, not only padding
    mask[0] = True
    out = decode(start, end, mask, max_span, n_best)
    assert out["start"].shape == out["end"].shape == out["score"].shape == (batch, n_best)
    assert out["start"].dtype == out["end"].dtype == np.int32 and out["score"].dtype == np.float32
    for row in range(batch):
        expected = naive_spans(start[row], end[row], mask[row], max_span)[:n_best]
        expected += [(0.0, 0, 0)] * (n_best - len(expected))
        np.testing.assert_allclose(out["score"][row], [score for score, _, _ in expected], rtol=1e-4)
        assert list(zip(out["start"][row], out["end"][row])) == [(i, j) for _, i, j in expected]


@pytest.mark.parametrize("seed", range(8))
def test_the_null_position_has_a_score_but_no_span(seed):
    generator = np.random.default_rng(seed)
    batch, doc_len = 3, int(generator.integers(1, 9))
    start, end = generator.normal(0, 3, (2, batch, doc_len))
    mask = np.arange(doc_len) < generator.integers(1, doc_len + 1, (batch, 1))
    out = decode_spans(
        *(tf.constant(x, tf.float32) for x in (start, end)), tf.constant(mask), 4, 3, null=True
    )
    for row in range(batch):
        every = naive_spans(start[row], end[row], mask[row], 4)
        null = next(score for score, i, j in every if (i, j) == (0, 0))
        np.testing.assert_allclose(out["null_score"][row], null, rtol=1e-4)
        expected = [span for span in every if span[1] > 0][:3]
        expected += [(0.0, 0, 0)] * (3 - len(expected))
        np.testing.assert_allclose(out["score"][row], [score for score, _, _ in expected], rtol=1e-4)
        found = list(zip(out["start"][row].numpy(), out["end"][row].numpy(), expected))
        assert all((i, j) == (a, b) for i, j, (score, a, b) in found if score)


def test_equal_scores_come_by_start_then_end():
    out = decode(np.zeros((1, 3)), np.zeros((1, 3)), np.ones((1, 3), bool), max_span=2, n_best=5)
    assert list(zip(out["start"][0], out["end"][0])) == [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]
    np.testing.assert_allclose(out["score"][0], 1 / 9, rtol=1e-5)


def test_end_is_never_before_start_nor_too_far():
    start, end = np.full((1, 6), -5.0), np.full((1, 6), -5.0)
    start[0, 4], end[0, 1] = 5.0, 5.0  # the best start and the best end do not go together
    out = decode(start, end, np.ones((1, 6), bool), max_span=3)
    assert (out["start"][0, 0], out["end"][0, 0]) in [(4, 4), (4, 5), (0, 1), (1, 1)]
    start[0, 0], end[0, 5] = 9.0, 9.0
    out = decode(start, end, np.ones((1, 6), bool), max_span=5)
    assert out["end"][0, 0] - out["start"][0, 0] < 5


@pytest.mark.parametrize("padding", [1e9, float("inf"), float("nan"), -1e9])
def test_what_padding_holds_has_no_effect(padding):
    generator = np.random.default_rng(0)
    start, end = generator.normal(0, 2, (2, 3, 5))
    mask = np.ones((3, 5), bool)
    expected = decode(start, end, mask, 4, 3)
    filler = np.full((3, 7), padding)
    padded = [np.concatenate([logits, filler], axis=1) for logits in (start, end)]
    out = decode(*padded, np.concatenate([mask, np.zeros((3, 7), bool)], axis=1), 4, 3)
    for name in expected:
        np.testing.assert_allclose(out[name], expected[name], rtol=1e-6)


def test_an_all_masked_row_gives_zeros():
    mask = np.array([[True, True], [False, False]])
    out = decode(np.ones((2, 2)), np.ones((2, 2)), mask, max_span=2, n_best=4)
    assert out["score"][0, 0] > 0
    assert not out["start"][1].any() and not out["end"][1].any() and not out["score"][1].any()


def test_works_in_a_graph_with_unknown_shapes_and_half_precision():
    floats, bools = tf.TensorSpec([None, None], tf.float16), tf.TensorSpec([None, None], tf.bool)
    decode_graph = tf.function(
        lambda s, e, m: decode_spans(s, e, m, 4, 2), input_signature=[floats, floats, bools]
    )
    for batch, doc_len in [(1, 1), (3, 9), (2, 0)]:
        start, end = np.random.default_rng(doc_len).normal(0, 2, (2, batch, doc_len)).astype(np.float16)
        mask = np.ones((batch, doc_len), bool)
        graph = decode_graph(start, end, mask)
        eager = decode(start, end, mask, 4, 2)
        assert graph["score"].dtype == tf.float32
        for name in eager:
            np.testing.assert_allclose(graph[name], eager[name], rtol=1e-5)


def test_memory_does_not_grow_with_the_square_of_the_document():
    doc_len, max_span = 200_000, 4  # the square would be 160 GB
    start, end = np.zeros((2, 1, doc_len))
    start[0, doc_len - 3] = end[0, doc_len - 1] = 30.0
    out = decode(start, end, np.ones((1, doc_len), bool), max_span)
    assert (out["start"][0, 0], out["end"][0, 0]) == (doc_len - 3, doc_len - 1)
    assert out["score"][0, 0] == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("max_span, n_best", [(0, 1), (1, 0)])
def test_sizes_below_one_are_refused(max_span, n_best):
    with pytest.raises(ValueError, match="at least 1"):
        decode(np.zeros((1, 2)), np.zeros((1, 2)), np.ones((1, 2), bool), max_span, n_best)
