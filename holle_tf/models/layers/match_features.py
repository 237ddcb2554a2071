"""Match features: whether a word of the document, or a word like it, occurs in each text of the context.

Exact matches are those of DrQA (Chen et al., 2017) and FastQA (Weissenborn et al., 2017). The largest cosine
over the words of another text is the late interaction of ColBERT (Khattab and Zaharia, 2020), and FastQA's
weighted feature without its normalisation.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence

import tensorflow as tf

from holle_tf.models.layers.word_embedding import UNKNOWN_ID, are_watched
from pipelines.word_keys import WORD_BITS

EPSILON = 1e-6  # in the squared length of a vector, whose gradient at zero would be infinite


class Words(NamedTuple):
    """The words of a text.

    Attributes:
        ids: int32 (batch, length), 0 = padding, 1 = unknown.
        keys: int32 (batch, length), see ``pipelines.word_keys``, 0 = padding.
        vectors: (batch, length or more, word_dim), the word vectors.
    """

    ids: tf.Tensor
    keys: tf.Tensor
    vectors: tf.Tensor


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class MatchFeatures(tf.keras.layers.Layer):
    """Compares every word of a document with all words of each other text.

    With t other texts of at most n words, time and memory are those of t products of the word vectors,
    (doc_len, word_dim) by (word_dim, n).

    Args:
        stem: words also match if they only begin alike.
        soft: words also match by their vectors.
        learned_vectors: word vectors are trained. Otherwise gradients by them are computed only where they
            are watched (``watching_word_vectors``).

    Call arguments:
        texts: ``Words`` of the document, and of each text that it is compared with.

    Returns:
        (batch, doc_len, features) in the layer's variable dtype, between 0 and 1, zero on padding. For each
        text: whether the word occurs in it (1 or 0); if ``stem``, whether one that begins alike does; and,
        if ``soft``, the largest cosine of the word's vector with that of any word in the text, 1 for a word
        that occurs in it and otherwise not below 0. Unknown words have no cosine.
    """

    def __init__(self, stem: bool = True, soft: bool = True, learned_vectors: bool = False, **kwargs: Any):
        # Without autocast, so that cosines of half-precision vectors are computed in float32.
        super().__init__(autocast=False, **kwargs)
        self.stem, self.soft, self.learned_vectors = stem, soft, learned_vectors
        self.first_bucket: Optional[int] = None  # ids from here on are shared by unknown words, in exports

    def call(self, texts: Sequence[Words]) -> tf.Tensor:
        if not self.learned_vectors and not are_watched():  # it would reach no weight, and take time
            texts = [text._replace(vectors=tf.stop_gradient(text.vectors)) for text in texts]
        document, *context = texts
        real = document.ids > 0
        vectors, of_length_one = self._vectors(document) if self.soft else (None, None)
        found = []
        for text in context:
            exact = self._occurs(document.keys, text.keys, real)  # (batch, doc_len)
            found.append(exact)
            if self.stem:
                found.append(self._occurs(_stems(document.keys), _stems(text.keys), real))
            if self.soft:
                others, scale = self._vectors(text)
                others *= tf.expand_dims(scale, -1)  # which TensorFlow Lite can convert, unlike a new axis
                products = tf.matmul(others, vectors, transpose_b=True)  # (batch, n, doc_len)
                # One factor for each maximum, and not for each of the vectors, saves most of the time.
                largest = tf.nn.relu(tf.reduce_max(products, axis=1)) * of_length_one  # (batch, doc_len)
                # A constant for a word that occurs, where the largest cosine has a kink.
                found.append(tf.where(exact > 0, exact, largest))
        return tf.stack(found, axis=-1)

    def _occurs(self, keys: tf.Tensor, others: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
        """1 for every key that is among the others, else 0: (batch, doc_len)."""
        # With the document's words last, a reduction takes a third of the time.
        same = tf.equal(others[:, :, tf.newaxis], keys[:, tf.newaxis])  # (batch, n, doc_len)
        return tf.cast(tf.reduce_any(same, axis=1) & real, self.variable_dtype)

    def _vectors(self, text: Words) -> tuple[tf.Tensor, tf.Tensor]:
        """Word vectors, and the factors that make them as long as 1 (batch, length).

        Of unknown words and padding, which have no cosine, the factors are zero.
        """
        vectors = tf.cast(text.vectors[:, : tf.shape(text.ids)[1]], self.variable_dtype)
        known = text.ids > UNKNOWN_ID
        if self.first_bucket is not None:
            known &= text.ids < self.first_bucket
        scale = tf.math.rsqrt(tf.reduce_sum(vectors**2, axis=-1) + EPSILON)
        return vectors, scale * tf.cast(known, scale.dtype)

    def get_config(self) -> dict[str, Any]:
        own = {"stem": self.stem, "soft": self.soft, "learned_vectors": self.learned_vectors}
        return {**super().get_config(), **own}


def _stems(keys: tf.Tensor) -> tf.Tensor:
    """The part of each key that words have in common which begin alike; 0 for padding."""
    return keys // (1 << WORD_BITS)


def matches_both_ways(
    match: MatchFeatures, inputs: Mapping[str, tf.Tensor], look_up: Callable[[str], tf.Tensor]
) -> dict[str, list[tf.Tensor]]:
    """Match features of the document's words in the question, and of the question's in the document.

    Args:
        match: the layer.
        inputs: ``document``, ``document_keys``, ``question`` and ``question_keys``, (batch, length) each.
        look_up: gives the vectors of a text, (batch, length, word_dim).

    Returns:
        By text a list of one tensor (batch, length, features).
    """
    document, question = (
        Words(inputs[text], inputs[f"{text}_keys"], look_up(text)) for text in ("document", "question")
    )
    return {"document": [match([document, question])], "question": [match([question, document])]}
