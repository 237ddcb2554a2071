"""Sizes and rates of the models; the defaults are the published ones (see ``BUILD_NOTES.md``)."""

from dataclasses import dataclass

CHUNK_MERGES = ("logits", "probabilities")  # of chunks of a long document, see chunked_reading.py


@dataclass(frozen=True)
class SamConfig:
    """Simple Attention Model, the student (paper, section 3.3; best values of section 5.1)."""

    interaction: str = "add"  # add | mul: how vectors are combined (paper, section 4.1)
    cell: str = "gru"  # gru | lstm
    units: int = 64  # d of one direction; the paper tried 64, 100, 128
    layers: int = 2  # the paper tried 1, 2, 3
    inner_units: int = 64  # width inside the additive interaction; unused by mul
    encoder_sharing: str = "all"  # all | none | context: which texts share one encoder
    dropout: float = 0.2  # on word vectors and between recurrent layers; the paper gives none


@dataclass(frozen=True)
class BidafConfig:
    """BiDAF for response prediction (paper, section 3.1; Seo et al., 2016)."""

    units: int = 100  # of one direction of every LSTM
    char_dim: int = 8  # of a character's vector
    char_filters: int = 100  # of the character convolution
    char_width: int = 5  # characters that one filter sees
    highway_layers: int = 2
    modelling_layers: int = 2
    segments: bool = True  # mark which part of the question a word is from; false = as published
    dropout: float = 0.2


@dataclass(frozen=True)
class QanetConfig:
    """QANeT for response prediction (paper, section 3.2; Yu et al., 2018)."""

    units: int = 128  # d of every layer
    heads: int = 8  # of self-attention
    char_dim: int = 64  # of a character's vector
    char_width: int = 5  # characters that one filter sees
    highway_layers: int = 2
    encoder_convs: int = 4  # separable convolutions in the embedding encoder block
    encoder_kernel: int = 7  # words that one of them sees
    model_blocks: int = 7  # blocks of the model encoder, shared by its three passes
    model_convs: int = 2
    model_kernel: int = 5
    segments: bool = True  # mark which part of the question a word is from; false = as published
    dropout: float = 0.1
    word_dropout: float = 0.1  # on word vectors
    char_dropout: float = 0.05  # on character vectors
    survival: float = 0.9  # stochastic depth: chance that the topmost sublayer is kept
    chunked_training: bool = False  # for documents of thousands of words: less memory, more time
