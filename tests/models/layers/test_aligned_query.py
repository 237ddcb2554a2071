"""The aligned query against a loop over words."""

import numpy as np

from holle_tf.models.layers.aligned_query import AlignedQuery

BATCH, DOCUMENT, QUERY, DIM = 3, 5, 4, 6


def _texts():
    rng = np.random.default_rng(0)
    document, query = (rng.normal(size=(BATCH, n, DIM)).astype(np.float32) for n in (DOCUMENT, QUERY))
    query_mask = np.ones((BATCH, QUERY), bool)
    query_mask[1, 2:] = query_mask[2] = False
    return document, query, query_mask


def test_vectors_are_those_of_a_loop_over_words():
    document, query, query_mask = _texts()
    layer = AlignedQuery(7)
    found = layer(document, query, query_mask).numpy()
    kernel, bias = layer.projection.get_weights()
    projected = [np.maximum(text @ kernel + bias, 0) for text in (document, query)]
    for row in range(BATCH):
        words = np.flatnonzero(query_mask[row])
        for i in range(DOCUMENT):
            expected = np.zeros(DIM)
            if len(words):
                scores = np.exp([projected[0][row, i] @ projected[1][row, j] for j in words])
                expected = (scores / scores.sum()) @ query[row, words]
            np.testing.assert_allclose(found[row, i], expected, atol=1e-5)


def test_a_query_that_was_stacked_with_wider_texts_gives_the_same():
    document, query, query_mask = _texts()
    layer = AlignedQuery(7)
    wide = np.pad(query, [(0, 0), (0, 3), (0, 0)], constant_values=5)
    found = layer(document, wide, query_mask)
    np.testing.assert_array_equal(found, layer(document, query, query_mask))
