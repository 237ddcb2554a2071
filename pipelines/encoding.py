"""From an example's texts to ids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import List, NamedTuple, Optional

import numpy as np

from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.tokenizer import Token, lookup_form, token_span, tokenize
from pipelines.vocabulary import NULL, PAD, SPECIAL, UNK, Vocabulary
from pipelines.word_keys import word_keys


@dataclass(frozen=True)
class EncodedExample:
    """An example as ids. A text of no words gives arrays of length 0.

    Attributes:
        document, query, prober_history, responder_history: int32 (words,), ids of words. With
            ``data.unanswerable=learn``, the document begins with the null position, at characters 0 to 0.
        document_chars and so on: uint16 (words, max_word_chars), ids of characters, padded with PAD.
        document_keys and so on: int32 (words,), see ``word_keys``.
        token_starts, token_ends: int32 (document words,), character offsets in the document.
        start, end: the answer's first and last word, both inclusive; -1 without an answer. Of a question
            without an answer, both are the null position.
    """

    example: Example
    document: np.ndarray
    query: np.ndarray
    prober_history: np.ndarray
    responder_history: np.ndarray
    document_chars: np.ndarray
    query_chars: np.ndarray
    prober_history_chars: np.ndarray
    responder_history_chars: np.ndarray
    document_keys: np.ndarray
    query_keys: np.ndarray
    prober_history_keys: np.ndarray
    responder_history_keys: np.ndarray
    token_starts: np.ndarray
    token_ends: np.ndarray
    start: int
    end: int

    @property
    def has_null(self) -> bool:
        """Whether the document begins with the null position."""
        return len(self.token_ends) > 0 and int(self.token_ends[0]) == 0  # a word has a character at least


def encode(example: Example, words: Vocabulary, chars: Vocabulary, config: DataConfig) -> EncodedExample:
    """Tokenise and number one example.

    The document is kept whole. A long query or history keeps its last ``max_query_words`` or
    ``max_history_words`` words, which are nearest to the answer.

    Raises:
        ValueError: the example has an answer that no word of the document overlaps; or it has none, and
            there is no null position.
    """

    def text(name: str, keep_last: Optional[int] = None) -> _EncodedText:
        return _encode_text(
            getattr(example, name), keep_last, words, chars, config.max_word_chars, config.words
        )

    document = text("document")
    null = 1 if config.has_null else 0
    start, end = -1, -1
    if example.unanswerable and null:
        start, end = 0, 0
    elif example.has_answer:
        span = token_span(document.tokens, example.answer_start, example.answer_end)
        if span is None:
            raise ValueError(f"{example.example_id}: the answer covers no word of the document")
        start, end = (place + null for place in span)
    if null:
        document = _behind_null(document, words, chars, config.max_word_chars)
    query = text("query", config.max_query_words)
    prober = text("prober_history", config.max_history_words)
    responder = text("responder_history", config.max_history_words)
    return EncodedExample(
        example=example,
        document=document.words,
        query=query.words,
        prober_history=prober.words,
        responder_history=responder.words,
        document_chars=document.chars,
        query_chars=query.chars,
        prober_history_chars=prober.chars,
        responder_history_chars=responder.chars,
        document_keys=document.keys,
        query_keys=query.keys,
        prober_history_keys=prober.keys,
        responder_history_keys=responder.keys,
        token_starts=np.array([token.start for token in document.tokens], dtype=np.int32),
        token_ends=np.array([token.end for token in document.tokens], dtype=np.int32),
        start=start,
        end=end,
    )


class _EncodedText(NamedTuple):
    tokens: List[Token]
    words: np.ndarray  # int32 (words,)
    chars: np.ndarray  # uint16 (words, max_word_chars)
    keys: np.ndarray  # int32 (words,)


# The turns of a chat share their document and most of their histories. Callers must not modify the arrays.
@lru_cache(maxsize=64)
def _encode_text(
    text: str, keep_last: Optional[int], words: Vocabulary, chars: Vocabulary, max_word_chars: int, rules: str
) -> _EncodedText:
    # NUL would read as padding among the characters; its replacement is as long, so offsets hold.
    tokens = tokenize(text.replace("\0", "\ufffd"), rules)
    tokens = tokens if keep_last is None else tokens[max(len(tokens) - keep_last, 0) :]
    texts = [token.text for token in tokens]
    forms = [lookup_form(text) for text in texts]
    return _EncodedText(tokens, words.ids(forms), char_ids(texts, chars, max_word_chars), word_keys(forms))


def _behind_null(
    document: _EncodedText, words: Vocabulary, chars: Vocabulary, max_word_chars: int
) -> _EncodedText:
    """The document with the null position in front of it."""
    return _EncodedText(
        [Token(NULL, 0, 0), *document.tokens],
        np.concatenate([words.ids([NULL]), document.words]),
        np.concatenate([char_ids([NULL], chars, max_word_chars), document.chars]),
        np.concatenate([word_keys([NULL]), document.keys]),
    )


def char_ids(texts: List[str], chars: Vocabulary, max_word_chars: int) -> np.ndarray:
    """Ids of each word's first ``max_word_chars`` characters: uint16 (words, max_word_chars)."""
    if not texts:
        return np.zeros((0, max_word_chars), dtype=np.uint16)
    # In memory, a fixed-width unicode array is the matrix of code points.
    characters = np.array(texts, dtype=f"<U{max_word_chars}")
    points = characters.view("<u4").reshape(len(texts), max_word_chars)
    return _id_of_code_point(chars)[points]


@lru_cache(maxsize=4)
def _id_of_code_point(chars: Vocabulary) -> np.ndarray:
    """uint16 (0x110000,): character id by code point."""
    table = np.full(0x110000, UNK, dtype=np.uint16)
    table[0] = PAD
    for number in range(len(SPECIAL), len(chars)):
        table[ord(chars[number])] = number
    return table
