from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.encoding import encode
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.tokenizer import lookup_form, tokenize
from pipelines.vocabulary import PAD, UNK, Vocabulary
from pipelines.word_keys import word_keys

DOCUMENT = "The film isn't long. Frank’s mother left."
WORDS = Vocabulary(["the", "film", "is", "n't", "'s", "mother", "long", "."])
CHARS = Vocabulary("TehfilmnF’s")
CONFIG = DataConfig(max_word_chars=4)


def example_of(document=DOCUMENT, answer="Frank’s mother", **changes):
    start = document.index(answer)
    base = Example(
        example_id="ts_0_1",
        chat_id="ts_0",
        movie="Film",
        document=document,
        query="Is the film long?",
        prober_history="",
        responder_history="the mother",
        answer=answer,
        answer_start=start,
        answer_end=start + len(answer),
        response="",
        source="plot",
    )
    return replace(base, **changes)


def words_of(ids):
    return [WORDS[number] for number in ids]


def test_words_are_numbered_by_lookup_form():
    encoded = encode(example_of(), WORDS, CHARS, CONFIG)
    assert " ".join(words_of(encoded.document)) == "the film is n't long . <unk> 's mother <unk> ."
    assert words_of(encoded.query) == ["is", "the", "film", "long", "<unk>"]
    assert words_of(encoded.responder_history) == ["the", "mother"]
    assert {array.dtype for array in (encoded.document, encoded.query, encoded.prober_history)} == {
        np.dtype(np.int32)
    }


def test_keys_are_those_of_lookup_forms_whether_the_vocabulary_has_them_or_not():
    encoded = encode(example_of(), WORDS, CHARS, CONFIG)
    forms = [lookup_form(token.text) for token in tokenize(example_of().document)]
    np.testing.assert_array_equal(encoded.document_keys, word_keys(forms))
    assert encoded.document_keys.dtype == np.int32
    unknown = encoded.document_keys[encoded.document == UNK]
    assert len(unknown) == 2 and unknown[0] != unknown[1]


def test_an_empty_history_is_an_array_of_no_words():
    encoded = encode(example_of(), WORDS, CHARS, CONFIG)
    assert encoded.prober_history.shape == (0,) and encoded.prober_history.dtype == np.int32
    assert encoded.prober_history_chars.shape == (0, 4) and encoded.prober_history_chars.dtype == np.uint16


def test_characters_keep_their_case_and_are_cut_and_padded():
    encoded = encode(example_of(), WORDS, CHARS, CONFIG)
    assert encoded.document_chars.shape == (11, 4) and encoded.document_chars.dtype == np.uint16
    spelled = [
        "".join("_" if n == PAD else "?" if n == UNK else CHARS[n] for n in row)
        for row in encoded.document_chars
    ]
    assert spelled == [
        "The_",
        "film",
        "is__",
        "n??_",
        "l?n?",
        "?___",
        "F??n",
        "’s__",
        "m??h",
        "lef?",
        "?___",
    ]


def test_the_span_and_its_offsets_give_back_the_answer():
    encoded = encode(example_of(), WORDS, CHARS, CONFIG)
    assert (encoded.start, encoded.end) == (6, 8)
    assert encoded.token_starts.dtype == encoded.token_ends.dtype == np.int32
    cut = DOCUMENT[encoded.token_starts[encoded.start] : encoded.token_ends[encoded.end]]
    assert cut == encoded.example.answer


def test_an_answer_within_a_word_takes_the_word():
    encoded = encode(example_of(answer="other le"), WORDS, CHARS, CONFIG)
    assert (encoded.start, encoded.end) == (8, 9)


def test_a_chat_to_predict_has_no_span():
    encoded = encode(
        example_of(answer="", answer_start=0, answer_end=0, has_answer=False), WORDS, CHARS, CONFIG
    )
    assert (encoded.start, encoded.end) == (-1, -1)


def test_an_answer_of_no_word_is_an_error():
    with pytest.raises(ValueError, match="ts_0_1"):
        encode(example_of(answer=" "), WORDS, CHARS, CONFIG)


def test_long_queries_and_histories_keep_their_last_words_and_documents_all():
    long = "film " * 50 + "the mother"
    example = example_of(long, "mother", query=long, prober_history=long, responder_history=long)
    config = replace(CONFIG, max_query_words=3, max_history_words=2)
    encoded = encode(example, WORDS, CHARS, config)
    assert words_of(encoded.query) == ["film", "the", "mother"]
    assert words_of(encoded.prober_history) == words_of(encoded.responder_history) == ["the", "mother"]
    assert encoded.query_chars.shape == (3, 4) and encoded.prober_history_chars.shape == (2, 4)
    assert len(encoded.document) == 52
    none = encode(example, WORDS, CHARS, replace(CONFIG, max_history_words=0))
    assert none.prober_history.shape == (0,)


def test_a_nul_is_a_character_and_not_padding():
    encoded = encode(example_of("a \0 film", "film"), WORDS, CHARS, CONFIG)
    assert encoded.document_chars[1].tolist() == [UNK, PAD, PAD, PAD]
    assert (encoded.token_starts[encoded.start], encoded.token_ends[encoded.end]) == (4, 8)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",))), st.integers(1, 20))
@settings(deadline=None)
def test_character_ids_are_those_of_the_vocabulary_for_any_text(text, width):
    encoded = encode(
        example_of(query=text), WORDS, CHARS, replace(CONFIG, max_word_chars=width, max_query_words=10**6)
    )
    tokens = tokenize(text)
    assert encoded.query_chars.shape == (len(tokens), width)
    for token, row in zip(tokens, encoded.query_chars):
        ids = [CHARS.id(char) for char in token.text[:width]]
        assert row.tolist() == ids + [PAD] * (width - len(ids))
