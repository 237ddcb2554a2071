"""Initial weights of QANeT with which equal words of document and question attend to each other at once.

QANeT compares words after its embedding encoder. With the usual initial scales, words can hardly be told
apart there: in the encoder's running sum the word is the smallest term, below its position and every branch
(norms of 2.6, 5.7, and 6 to 9 with 64 units). So the question is ignored until training has made words
comparable, which takes thousands of steps on real text. Only initial scales change, not the equations.
"""

from __future__ import annotations

import tensorflow as tf

WORDS = 3.0  # gain of the projected words, to a norm above that of their positions, sqrt(units / 2)
BRANCHES = 0.1  # gain of the residual branches of all encoder blocks


def start_with_matches(model: tf.keras.Model, model_blocks: int) -> None:
    """Let a new QANeT attend to equal words.

    Args:
        model: as ``build_qanet`` makes it, untrained.
        model_blocks: of the model encoder.
    """
    projection = model.get_layer("projection").kernel
    projection.assign(WORDS * projection)
    for name in ("embedding_encoder", *(f"model_encoder_{i}" for i in range(model_blocks))):
        model.get_layer(name).scale_branches(BRANCHES)
    model.get_layer("context_query_attention").start_with_product()
