"""A teacher of short documents reads long documents in overlapping chunks (paper, section 5.2)."""

from __future__ import annotations

from typing import Any, Mapping

import tensorflow as tf

from holle_tf.models.layers.masking import mask_logits
from holle_tf.models.layers.word_embedding import offsets_of, reading_pieces
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import CHUNK_MERGES

TEXTS = ("document", "question")  # whose words a teacher looks up


def chunked_reader(
    model: tf.keras.Model,
    chunk_words: int = 256,
    stride: int = 192,
    merge: str = "logits",
    chunk_batch: int = 32,
    null: bool = False,
) -> tf.keras.Model:
    """Wrap ``model``, which reads chunks, as a model over documents of any length with the same inputs.

    Chunks begin every ``stride`` words; a chunk that would only repeat words of the previous one is skipped.
    A word takes its logits from the chunk in which it is most central, so a document of one chunk gives
    exactly what ``model`` gives. Only ids and logits take memory that grows with the document, unless its
    word vectors are watched or moved (``offsets_of``): then all chunks are read at once.

    If the first position stands for "no answer", it is read in front of every chunk. The document's is that
    of the chunk in which the sum of its start and end logits is least, as in BERT's reading of SQuAD 2.0:
    there is an answer if one chunk has an answer.

    Args:
        model: a span model over ``document``, with or without ``document_chars``, and other texts.
        chunk_words: longest document that ``model`` is given.
        stride: words from the start of a chunk to the start of the next, at most ``chunk_words``.
        merge: ``logits`` merges them as they are, under one softmax over the document; ``probabilities``
            first gives every chunk the same total, as the paper's wording suggests.
        chunk_batch: chunks read at once.
        null: whether the first position of a document stands for "no answer"; ``chunk_words`` does not
            count it.

    Returns:
        A functional model: ``start_logits`` and ``end_logits`` float32 (batch, doc_len) and
        ``document_mask`` bool.

    Raises:
        ValueError: an argument is out of range.
    """
    if not 0 < stride <= chunk_words or chunk_batch < 1 or merge not in CHUNK_MERGES:
        raise ValueError(f"not a way to read chunks: {chunk_words=}, {stride=}, {merge=}, {chunk_batch=}")
    inputs = {
        name: tf.keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in model.input.items()
    }
    outputs = ChunkedReading(model, chunk_words, stride, merge, chunk_batch, null, name="chunked_reading")(
        inputs
    )
    return tf.keras.Model(inputs, outputs, name=f"chunked_{model.name}")


class ChunkedReading(tf.keras.layers.Layer):
    """The layer behind ``chunked_reader``; see there."""

    def __init__(
        self,
        model: tf.keras.Model,
        chunk_words: int,
        stride: int,
        merge: str,
        chunk_batch: int,
        null: bool = False,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        self.model = model
        self.chunk_words, self.stride, self.merge, self.chunk_batch = chunk_words, stride, merge, chunk_batch
        self.null = int(null)  # positions in front of the words of a chunk

    def call(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        document = inputs["document"][:, self.null :]  # (batch, doc_len), the words alone
        mask = tf.not_equal(document, 0)
        batch, width = tf.shape(document)[0], tf.shape(document)[1]
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)  # (batch,)
        chunks_of_row = self._chunk_count(lengths)  # (batch,)
        most_chunks = self._chunk_count(width)
        # (row, chunk) of every chunk that is read: (chunks, 2)
        chosen = tf.cast(tf.where(tf.range(most_chunks)[tf.newaxis] < chunks_of_row[:, tf.newaxis]), tf.int32)
        texts = {name: inputs[name] for name in TEXTS if name in inputs}
        offsets = offsets_of(texts, lambda: self.model.get_layer("word_embedding").word_dim)
        read = self._read(inputs, chosen, offsets)  # 2 times (chunks, chunk_words), and the null in front
        logits = {edge: scores[:, self.null :] for edge, scores in read.items()}

        positions = tf.range(width)  # (doc_len,)
        central = (positions - self.chunk_words // 2 + self.stride // 2) // self.stride
        last = chunks_of_row[:, tf.newaxis] - 1  # (batch, 1)
        chunk = tf.minimum(tf.maximum(central, 0)[tf.newaxis], last)  # (batch, doc_len)
        within = tf.minimum(positions[tf.newaxis] - chunk * self.stride, self.chunk_words - 1)
        begins = tf.cumsum(chunks_of_row, exclusive=True)  # of a row's chunks among all
        index = tf.stack([begins[:, tf.newaxis] + chunk, within], axis=-1)  # (batch, doc_len, 2)
        index = tf.reshape(index, [batch, width, 2])
        merged = {edge: mask_logits(tf.gather_nd(logits[edge], index), mask) for edge in EDGES}
        if self.null:
            least = self._least_null(read, chosen, batch, most_chunks) + begins  # (batch,)
            of_null = {edge: tf.gather(read[edge][:, :1], least) for edge in EDGES}  # (batch, 1)
            merged = {edge: tf.concat([of_null[edge], merged[edge]], axis=1) for edge in EDGES}
            mask = tf.not_equal(inputs["document"], 0)
        return {**{f"{edge}_logits": scores for edge, scores in merged.items()}, "document_mask": mask}

    def _least_null(
        self, read: Mapping[str, tf.Tensor], chosen: tf.Tensor, batch: tf.Tensor, most_chunks: tf.Tensor
    ) -> tf.Tensor:
        """The number of the chunk of each row in which "no answer" scores least: int32 (batch,)."""
        scores = tf.add_n([read[edge][:, 0] for edge in EDGES])  # (chunks,)
        by_row = tf.fill([batch, most_chunks], scores.dtype.max)
        by_row = tf.tensor_scatter_nd_update(by_row, chosen, tf.stop_gradient(scores))
        return tf.argmin(by_row, axis=1, output_type=tf.int32)

    def _chunk_count(self, words: tf.Tensor) -> tf.Tensor:
        """Number of chunks of documents of so many words, at least 1."""
        beyond = tf.maximum(words - self.chunk_words, 0)
        return 1 + (beyond + self.stride - 1) // self.stride

    def _read(
        self, inputs: Mapping[str, tf.Tensor], chosen: tf.Tensor, offsets: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Logits of all chosen chunks, each (chunks, chunk_words)."""

        def read(pairs: tf.Tensor) -> list[tf.Tensor]:
            with reading_pieces(self._pieces(offsets, pairs)):
                outputs = self.model(self._pieces(inputs, pairs), training=False)
            found = []
            for edge in EDGES:
                logits = tf.cast(outputs[f"{edge}_logits"], tf.float32)
                if self.merge == "probabilities":
                    logits = tf.nn.log_softmax(mask_logits(logits, outputs["document_mask"]))
                found.append(tf.ensure_shape(logits, (None, self.null + self.chunk_words)))
            return found

        if offsets:  # differentiation keeps everything in memory anyway, so read all at once
            return dict(zip(EDGES, read(chosen)))
        total = tf.shape(chosen)[0]
        groups = (total + self.chunk_batch - 1) // self.chunk_batch
        arrays = tuple(
            tf.TensorArray(
                tf.float32, groups, infer_shape=False, element_shape=(None, self.null + self.chunk_words)
            )
            for _ in EDGES
        )

        def body(group: tf.Tensor, arrays: tuple) -> tuple:
            logits = read(chosen[group * self.chunk_batch : (group + 1) * self.chunk_batch])
            return group + 1, tuple(array.write(group, part) for array, part in zip(arrays, logits))

        _, arrays = tf.while_loop(lambda group, _: group < groups, body, (0, arrays), parallel_iterations=1)
        return {edge: array.concat() for edge, array in zip(EDGES, arrays)}

    def _pieces(self, texts: Mapping[str, tf.Tensor], chosen: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pieces of texts, or of values of their words, by (row, chunk); zero beyond a document's end."""
        rows, begins = chosen[:, 0], chosen[:, 1] * self.stride
        positions = (
            self.null + begins[:, tf.newaxis] + tf.range(self.chunk_words)[tf.newaxis]
        )  # (n, chunk_words)
        if self.null:
            positions = tf.pad(positions, [[0, 0], [1, 0]])  # position 0 of the document, in every chunk
        pieces = {}
        for name, values in texts.items():  # (batch, length) or (batch, length, ...)
            if not name.startswith("document"):
                pieces[name] = tf.gather(values, rows)
                continue
            width = tf.shape(values)[1]
            inside, index = positions < width, tf.minimum(positions, width - 1)
            row = tf.broadcast_to(rows[:, tf.newaxis], tf.shape(index))
            words = tf.gather_nd(values, tf.stack([row, index], -1))
            keep = inside if values.shape.rank == 2 else inside[..., tf.newaxis]
            pieces[name] = tf.where(keep, words, tf.zeros([], values.dtype))
        return pieces
