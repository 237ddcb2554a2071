"""The tokeniser in the graph against that of Python."""

import functools
import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holle_tf.export.graph_tokenizer import tokenize_in_graph
from pipelines.options import LATIN, RULES, UNICODE
from pipelines.tokenizer import lookup_form, tokenize

TOKENIZE = {
    rules: tf.function(
        functools.partial(tokenize_in_graph, rules=rules),
        input_signature=[tf.TensorSpec([None], tf.string)],
        autograph=False,
    )
    for rules in RULES
}
PIECES = st.sampled_from(
    "n't|N’T|do|n|'|’|s|'s|'ll|'Re|ve|d|2|.|8|,|:|1,000|U.|S.|a|t|nt|1.2n't| |\n|é|e\u0301|\u0301|\u036f|_|-"
    "|“|”|„|…|\u00a0|\u200b|\x1c|\u2028|\u0130|中|٣|²|😀|👩‍👩‍👧|\0|Σ|ΑΣ|ς|ʼ|ß|\ufeff|\ufffd|अ|ि|don't|U.S.A."
    "|क्षि|மொழி|قِصَّة|می\u200cخواهم|国|〇|々|か\u3099|ア|ー|ﾊﾟ|น้ำ|ำ|๓|ខ្មែរ|ကျေး|လ|ລາວ|한|\u1112\u1161\u11ab|\u200d|👍🏽|❤️".split(
        "|"
    )
)
TEXTS = st.one_of(
    st.text(st.characters(blacklist_categories=("Cs", "Cn")), max_size=60),
    st.lists(PIECES, max_size=30).map("".join),
)


def _encoded(form):
    # TensorFlow before 2.21 does not encode what Unicode calls no character; no vocabulary has it either.
    return re.sub("[\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]", "\ufffd", form)


def _expected(text, rules=UNICODE):
    plain = text.replace("\0", "\ufffd")  # as pipelines.encoding has it
    return [(_encoded(lookup_form(t.text)), t.start, t.end) for t in tokenize(plain, rules)]


def _found(texts, rules=UNICODE):
    found = TOKENIZE[rules](tf.constant([text.encode() for text in texts], tf.string))
    forms, starts, ends, byte_starts, byte_ends = (part.to_list() for part in found)
    rows = []
    for i, text in enumerate(texts):
        cut = [text.encode()[a:b].decode() for a, b in zip(byte_starts[i], byte_ends[i])]
        assert cut == [text[a:b] for a, b in zip(starts[i], ends[i])]
        rows.append(list(zip([_encoded(form.decode()) for form in forms[i]], starts[i], ends[i])))
    return rows


@given(st.lists(TEXTS, max_size=6))
@example([])
@example(["", "", ""])
@example(
    ["1.2n't x", "1.2e\u03013.4\u03015.6", "don't\u03011.2", "'s\u03012.5 'd.U.S.", "\u0301U.S. 1.2U.S."]
)
@example(["1.2e\u0301.3 1\u0301.2 1.2\u0301.3", "don't\u0301 n\u0301't 's\u0301", "U.S\u0301.A. U.S.\u0301"])
@example(["\u0301", "\u0301\u0301a \u0301", "アの中ーア", ".\u0301.\u0301 '\u0301s"])
@example(["ΑΣ ΑΣʼ Σ ΣΑ İstanbul", "\ufeffword\0"])
@settings(max_examples=100, deadline=None)
def test_words_are_those_of_the_tokeniser(texts):
    for rules in RULES:
        assert _found(texts, rules) == [_expected(text, rules) for text in texts]


@pytest.mark.parametrize("rules", RULES)
def test_every_character_is_treated_alike(rules):
    # But for the many ideographs, syllables and places for private use.
    ranges = [range(1, 0x3400), range(0x4DC0, 0x4E10), range(0xA000, 0xAC10), range(0xF900, 0x12000)]
    points = [p for r in ranges for p in r] + [*range(0x1D000, 0x20000), 0x20000, 0xE0100, 0x10FFFD]
    texts = [
        "".join(f"a{chr(p)}b {chr(p)}\n" for p in points[i : i + 4096]) for i in range(0, len(points), 4096)
    ]
    for found, text in zip(_found(texts, rules), texts):
        expected = _expected(text, rules)
        wrong = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
        assert not wrong and len(found) == len(expected)


def test_a_document_of_20_000_words_is_read_whole():
    rng = np.random.default_rng(0)
    words = ["don't", "U.S.", "2.8", "café", "movie", "“gem”", "🎬", "-", "it's", "1,000,000", "Σ"]
    text = " ".join(rng.choice(words, 20_000))
    assert _found(["before", text, "after"]) == [_expected(t) for t in ("before", text, "after")]


@pytest.mark.parametrize("raw", [b"caf\xc3", b"\xff\xfe a", b"a\xed\xa0\x80b"])
def test_bytes_that_are_no_utf8_are_words_cut_from_the_bytes(raw):
    found = TOKENIZE[LATIN](tf.constant([raw]))
    starts, ends = found.byte_starts.to_list()[0], found.byte_ends.to_list()[0]
    assert starts and all(0 <= start < end <= len(raw) for start, end in zip(starts, ends))
    assert raw[starts[0] : ends[-1]] == raw
