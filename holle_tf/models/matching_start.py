"""Initial weights with which equal words of document and question attend to each other at once.

The teachers compare words after their encoders. With the usual initial scales, the words can hardly be told
apart there. In QANeT's running sum the word is the smallest term, below its position and every branch of the
block. In BiDAF a state of the LSTM holds more of the words before, and all similarities are nearly equal. So
the question is ignored until training has made words comparable, which takes thousands of steps on real
text. These functions change initial scales only, not the equations.
"""

from __future__ import annotations

import tensorflow as tf

WORDS = 3.0  # gain of QANeT's projected words: above their positions, whose norm is sqrt(units / 2)
BRANCHES = 0.1  # gain of the residual branches of QANeT's encoder blocks
INPUTS = 3.0  # gain of the input kernels of BiDAF's encoder
PRODUCT = 20.0  # gain of the product in BiDAF's similarity, because states of an LSTM are below 1


def start_qanet_with_matches(model: tf.keras.Model, model_blocks: int) -> None:
    """Let a new QANeT attend to equal words.

    Args:
        model: as ``build_qanet`` makes it, untrained.
        model_blocks: of the model encoder.
    """
    projection = model.get_layer("projection").kernel
    projection.assign(WORDS * projection)
    for name in ("embedding_encoder", *(f"model_encoder_{i}" for i in range(model_blocks))):
        model.get_layer(name).scale_branches(BRANCHES)
    model.get_layer("context_query_attention").start_with_product(1.0)


def start_bidaf_with_matches(model: tf.keras.Model) -> None:
    """Let a new BiDAF, as ``build_bidaf`` makes it, attend to equal words."""
    model.get_layer("encoder").start_with_inputs(INPUTS)
    model.get_layer("attention_flow").start_with_product(PRODUCT)
