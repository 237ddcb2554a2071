"""The student that is exported: its weights, its words and its limits, and nothing else of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import SamConfig, SamMatchConfig
from holle_tf.models.layers.bidirectional import BidirectionalRNN, recurrent_implementation
from holle_tf.models.sam import INPUTS, build_sam
from holle_tf.models.sam_match import INPUTS as WITH_KEYS
from holle_tf.models.sam_match import build_sam_match
from holle_tf.options.export import ExportConfig
from pipelines.errors import UserError
from pipelines.options import LATIN
from pipelines.vocabulary import SPECIAL, UNK


@dataclass(frozen=True)
class Limits:
    """Limits and rules that a client must respect, as in training.

    Attributes:
        query_words, history_words: a longer query or history keeps its last words.
        span_words: of the longest span.
        n_best: how many spans are listed.
        rules: for words, see ``pipelines.tokenizer.word_pattern``.
        null_threshold: the probability of no answer, against the best span, above which there is none; None
            for a student that cannot say so. Otherwise, every document begins with the null position.
    """

    query_words: int
    history_words: int
    span_words: int
    n_best: int
    rules: str = LATIN
    null_threshold: Optional[float] = None

    def words_of(self, text: str) -> Optional[int]:
        """How many words of ``text`` (one of ``sam.INPUTS``) are read; None for all."""
        return {"document": None, "query": self.query_words}.get(text, self.history_words)


@dataclass(frozen=True)
class Student:
    """A trained SAM to be exported, with or without match features.

    Attributes:
        config: its sizes.
        model: with float32 weights, of any recurrent implementation.
        words: the vocabulary in the order of ids, ``<pad>`` and ``<unk>`` first.
        vectors: (words and hash buckets, word_dim) float32 or float16; row 0 zeros, row 1 the unknown word.
        hash_buckets: rows at the end of ``vectors`` for words out of the vocabulary; 0 = they get row 1.
        limits: of the texts and spans.
    """

    config: SamConfig
    model: tf.keras.Model
    words: tuple[str, ...]
    vectors: np.ndarray
    hash_buckets: int
    limits: Limits

    @classmethod
    def of(cls, config: SamConfig, model: tf.keras.Model, words: tuple[str, ...], limits: Limits) -> Student:
        """A student as it was trained."""
        layer = model.get_layer("word_embedding")
        vectors = layer.matrix.numpy().astype(np.float32)
        vectors[0], vectors[UNK] = 0, layer.unknown.numpy()
        return cls(config, model, words, vectors, 0, limits)

    @property
    def matches(self) -> bool:
        """Whether it has match features, so that it reads the keys of words besides their ids."""
        return isinstance(self.config, SamMatchConfig)

    @property
    def has_null(self) -> bool:
        """Whether the first position of every document stands for "no answer"."""
        return self.limits.null_threshold is not None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the model's inputs: ids of the texts, and their keys."""
        return WITH_KEYS if self.matches else INPUTS

    def shrunk(self, options: ExportConfig) -> Student:
        """With fewer words, hash buckets for the others, and vectors of fewer bytes, as ``options`` say.

        A bucket's vector is the mean of those of the pruned words that fall into it, weighted by 1 / rank
        (Zipf's law: their counts are not kept); an empty bucket has the unknown word's.

        Raises:
            UserError: there are no words to share the buckets.
        """
        kept = (
            min(options.max_words + len(SPECIAL), len(self.words)) if options.max_words else len(self.words)
        )
        vectors = self.vectors[:kept]
        if options.hash_buckets:
            if kept == len(self.words):
                raise UserError(
                    f"export.hash_buckets={options.hash_buckets}: none is pruned; set export.max_words too."
                )
            buckets = np.asarray(hash_bucket(tf.constant(self.words[kept:]), options.hash_buckets))
            weights = 1.0 / np.arange(kept, len(self.words))
            sums = np.zeros((options.hash_buckets, vectors.shape[1]))
            totals = np.zeros((options.hash_buckets, 1))
            np.add.at(sums, buckets, self.vectors[kept:] * weights[:, None])
            np.add.at(totals, buckets, weights[:, None])
            shared = np.where(totals > 0, sums / np.maximum(totals, 1e-30), self.vectors[UNK])
            vectors = np.concatenate([vectors, shared.astype(np.float32)])
        if options.float16_embeddings:
            vectors = vectors.astype(np.float16)
        return replace(self, words=self.words[:kept], vectors=vectors, hash_buckets=options.hash_buckets)

    def stock_model(self) -> tf.keras.Model:
        """The same model over ``vectors``, of operations that every TensorFlow has."""
        with recurrent_implementation("loop"):
            if isinstance(self.config, SamMatchConfig):
                model = build_sam_match(self.config, self.vectors)
                model.get_layer("match_features").first_bucket = len(self.words)
            else:
                model = build_sam(self.config, self.vectors)
        for variable, trained in zip(_without_vectors(model), _without_vectors(self.model)):
            variable.assign(trained)
        return model

    @property
    def parameters(self) -> int:
        """Scalars of the weights, without the word vectors."""
        return int(sum(np.prod(v.shape) for v in self.model.variables if "word_embedding" not in v.name))


def _without_vectors(model: tf.keras.Model) -> list[tf.Variable]:
    """All variables but the word vectors, whose place in the order depends on whether they are learned."""
    return [v for v in model.variables if not v.name.endswith("word_embedding/matrix:0")]


def hash_bucket(words: tf.Tensor, buckets: int) -> tf.Tensor:
    """The bucket of each word: int64, the shape of ``words``."""
    return tf.strings.to_hash_bucket_fast(words, buckets)


class RecurrentLayer(NamedTuple):
    """Weights of one bidirectional layer, forward first, gates in Keras' order.

    Attributes:
        kernel: (2, features, gates * units).
        recurrent: (2, units, gates * units).
        bias: (2, 2, gates * units) of a GRU (of inputs, of state), (2, 1, gates * units) of an LSTM.
        cell: gru or lstm.
        units: of one direction.
    """

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    cell: str
    units: int


def recurrent_layers(model: tf.keras.Model, encoder: str) -> list[RecurrentLayer]:
    """Weights of an encoder, from the words upwards."""
    return [recurrent_layer(layer) for layer in model.get_layer(encoder)._stack]


def recurrent_layer(layer: BidirectionalRNN) -> RecurrentLayer:
    """Weights of a bidirectional layer."""
    cells = [layer._keras.forward_layer.cell, layer._keras.backward_layer.cell]
    bias = np.stack([cell.bias.numpy() for cell in cells])
    return RecurrentLayer(
        kernel=np.stack([cell.kernel.numpy() for cell in cells]),
        recurrent=np.stack([cell.recurrent_kernel.numpy() for cell in cells]),
        bias=bias.reshape(2, -1, bias.shape[-1]),
        cell=layer.cell,
        units=layer.units,
    )
