"""Word vectors: frozen rows of a matrix, and one trainable vector that all unknown words share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator, Mapping, Optional

import numpy as np
import tensorflow as tf

PAD_ID = 0
UNKNOWN_ID = 1

# A stack; its top watches. None: vectors are not watched, because their offsets are (``offsets_of``).
_watchers: list[Optional[tuple[tf.GradientTape, dict[str, tf.Tensor]]]] = []
_moves: list[Mapping[str, tf.Tensor]] = []


@contextmanager
def watching_word_vectors(tape: tf.GradientTape) -> Iterator[dict[str, tf.Tensor]]:
    """In this context, let ``tape`` watch the vectors of every text that a model looks up.

    Yields:
        The vectors (batch, length, word_dim) by the ``text`` of the lookup, filled while the model reads.
    """
    vectors: dict[str, tf.Tensor] = {}
    _watchers.append((tape, vectors))
    try:
        yield vectors
    finally:
        _watchers.pop()


def are_watched() -> bool:
    """Whether gradients by the word vectors that are looked up now will be wanted."""
    return bool(_watchers)


@contextmanager
def moved_word_vectors(offsets: Mapping[str, tf.Tensor]) -> Iterator[None]:
    """In this context, add ``offsets`` to the word vectors that a model looks up.

    Args:
        offsets: (batch, length, word_dim) by the ``text`` of the lookup.
    """
    _moves.append(offsets)
    try:
        yield
    finally:
        _moves.pop()


def offsets_of(texts: Mapping[str, tf.Tensor], word_dim: Callable[[], int]) -> dict[str, tf.Tensor]:
    """The offsets that move the vectors of whole texts, for a model that looks words up in pieces.

    The offsets are watched instead of the vectors, because a word has a vector in every piece that contains
    it. The gradient by its offset is that by all of these vectors.

    Args:
        texts: ids (batch, length) by the ``text`` of the lookup.
        word_dim: gives the size of a vector.

    Returns:
        float32 (batch, length, word_dim) by text, zeros if nothing moves them; empty if no vectors are
        watched or moved.
    """
    found: dict[str, tf.Tensor] = {}
    if not _watchers and not _moves:
        return found
    for text, ids in texts.items():
        moved = _moves[-1].get(text) if _moves else None
        if moved is None:
            moved = tf.zeros([*tf.unstack(tf.shape(ids)), word_dim()])
        found[text] = tf.cast(moved, tf.float32)
        _watch(text, found[text])
    return found


def _watch(text: str, vectors: tf.Tensor) -> None:
    if _watchers and _watchers[-1] is not None:
        tape, watched = _watchers[-1]
        tape.watch(vectors)
        watched[text] = vectors


@contextmanager
def reading_pieces(offsets: Mapping[str, tf.Tensor]) -> Iterator[None]:
    """In this context, a model reads pieces of texts: ``offsets`` move their vectors; none are watched."""
    if not offsets:
        yield
        return
    if _watchers:
        _watchers.append(None)
    try:
        with moved_word_vectors(offsets):
            yield
    finally:
        if _watchers:
            _watchers.pop()


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class WordEmbedding(tf.keras.layers.Layer):
    """Looks words up in a matrix (paper, section 5.1: GloVe, not trained).

    Id 0 is padding and gives zeros, id 1 is the unknown word and gives the only vector that is trained;
    rows 0 and 1 of the matrix are never read.

    Args:
        matrix: (vocabulary, word_dim), the initial rows; float16 stays float16, in half the memory.
        trainable_embeddings: train the rows of known words as well.

    Call arguments:
        ids: int32 (batch, length).
        text: name of the text for ``watching_word_vectors`` and ``moved_word_vectors``.

    Returns:
        (batch, length, word_dim) in the layer's compute dtype.
    """

    def __init__(self, matrix: np.ndarray, trainable_embeddings: bool = False, **kwargs: Any):
        # Without autocast, so that ids reach the lookup as integers.
        super().__init__(autocast=False, **kwargs)
        self.vocabulary_size, self.word_dim = (int(size) for size in matrix.shape)
        self.trainable_embeddings = trainable_embeddings
        self.half = matrix.dtype == np.float16
        self._initial: np.ndarray | None = matrix

    def build(self, input_shape: tf.TensorShape) -> None:
        initial = self._initial
        self.matrix = self.add_weight(
            "matrix",
            shape=(self.vocabulary_size, self.word_dim),
            initializer=lambda shape, dtype: tf.cast(initial, dtype),
            dtype="float16" if self.half else None,
            trainable=self.trainable_embeddings,
            experimental_autocast=False,  # cast the rows that are read, not the whole matrix
        )
        self.unknown = self.add_weight(
            "unknown",
            shape=(self.word_dim,),
            initializer=tf.keras.initializers.RandomNormal(stddev=0.1),
            experimental_autocast=False,
        )
        self._initial = None  # the variable has it now
        super().build(input_shape)

    def call(self, ids: tf.Tensor, text: str = "") -> tf.Tensor:
        rows = tf.cast(tf.gather(self.matrix, ids), self.unknown.dtype)  # (batch, length, word_dim)
        known = tf.expand_dims(tf.cast(ids > UNKNOWN_ID, rows.dtype), -1)
        unknown = tf.expand_dims(tf.cast(tf.equal(ids, UNKNOWN_ID), rows.dtype), -1)
        vectors = tf.cast(rows * known + self.unknown * unknown, self.compute_dtype)
        for offsets in _moves[-1:]:
            if text in offsets:
                vectors += tf.cast(offsets[text], vectors.dtype)
        _watch(text, vectors)
        return vectors

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "word_dim": self.word_dim,
            "half": self.half,
            "trainable_embeddings": self.trainable_embeddings,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WordEmbedding:
        """A layer of the same shape over zeros: the word vectors are weights, not configuration."""
        shape = (config.pop("vocabulary_size"), config.pop("word_dim"))
        return cls(np.zeros(shape, np.float16 if config.pop("half") else np.float32), **config)
