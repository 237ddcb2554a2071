"""``pipelines.tokenizer`` as stock TensorFlow operations, over all characters of a batch at once.

A regular expression reads from left to right, and RE2, which TensorFlow has, knows neither lookahead nor
the letters of all scripts. But its words are decided by their neighbourhood. A *segment* is as many letters,
digits and accents as follow each other. A segment is one word (its ``core``), which may begin late: letters
that belong to what precedes the segment (the "t" of "n't", the "s" of "'s", the "8" of "2.8") are *consumed*.
Whether a segment's first letters are consumed depends on the segment before it through one bit alone, so
that a running sum takes the place of reading in order.

By the rules ``UNICODE``, marks belong to the character before them. They are set aside, so that segments have
none, and their characters are decided as without them.
"""

from __future__ import annotations

from typing import NamedTuple, Optional

import tensorflow as tf

from holle_tf.export.characters import (
    DIGIT,
    IRREGULAR,
    KANA,
    LETTER,
    LONE,
    MARK,
    SPACE,
    STACKER,
    SYMBOL,
    character_classes,
    lookup_shifts,
)
from pipelines.options import LATIN, UNICODE

_REPLACEMENT = 0xFFFD
_MARKED = 0xE000  # stands for a character with marks: for private use, so that no rule names it
_GAP = 3  # white space between two texts: no rule looks further
_SUFFIXES = ("s", "d", "m", "re", "ve", "ll")  # of clitics, behind a quote


class GraphTokens(NamedTuple):
    """The words of a batch of texts.

    Attributes:
        forms: ragged string (batch, words), what the vocabulary is asked for.
        starts, ends: ragged int32 (batch, words), in characters, end exclusive.
        byte_starts, byte_ends: the same in bytes of the UTF-8 text.
    """

    forms: tf.RaggedTensor
    starts: tf.RaggedTensor
    ends: tf.RaggedTensor
    byte_starts: tf.RaggedTensor
    byte_ends: tf.RaggedTensor


def tokenize_in_graph(texts: tf.Tensor, rules: str = UNICODE) -> GraphTokens:
    """The words of ``pipelines.tokenizer.tokenize``, and their ``lookup_form``, of each text.

    Args:
        texts: string (batch,), UTF-8. Invalid bytes count as U+FFFD, and so does NUL.
        rules: see ``pipelines.tokenizer.word_pattern``.
    """
    decoded, offsets = tf.strings.unicode_decode_with_offsets(texts, "UTF-8")
    batch = tf.shape(texts)[0]
    gap = tf.fill([batch, _GAP], ord(" "))
    lengths = tf.cast(tf.strings.length(texts), tf.int64)
    points = tf.concat([decoded, gap], axis=1)  # ragged (batch, characters)
    byte_offsets = tf.concat([offsets, tf.repeat(lengths[:, None], _GAP, axis=1)], axis=1).flat_values
    flat = tf.where(tf.equal(points.flat_values, 0), _REPLACEMENT, points.flat_values)
    kinds = character_classes(rules)(flat)
    spoken = tf.not_equal(kinds, SPACE)
    begins, ends = _boundaries(flat, kinds) if rules == LATIN else _boundaries_of_clusters(flat, kinds)

    rows = tf.cast(points.value_rowids(), tf.int32)
    first = tf.cast(points.row_starts(), tf.int32)
    start_at, end_at = _where(begins), _where(ends)  # (words,)
    row = tf.gather(rows, start_at)
    words_of_row = tf.math.bincount(row, minlength=batch, maxlength=batch)

    def by_row(values: tf.Tensor) -> tf.RaggedTensor:
        return tf.RaggedTensor.from_row_lengths(values, tf.cast(words_of_row, tf.int64), validate=False)

    return GraphTokens(
        forms=by_row(_forms(tf.boolean_mask(flat, spoken), end_at + 1 - start_at)),
        starts=by_row(start_at - tf.gather(first, row)),
        ends=by_row(end_at + 1 - tf.gather(first, row)),
        byte_starts=by_row(tf.cast(tf.gather(byte_offsets, start_at), tf.int32)),
        byte_ends=by_row(tf.cast(tf.gather(byte_offsets, end_at + 1), tf.int32)),
    )


def _forms(points: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Lookup forms (words,) of words given as all their code points in a row and their lengths."""
    lowered = points + lookup_shifts()(points)
    splits = tf.concat([[0], tf.cumsum(tf.cast(lengths, tf.int64))], axis=0)
    words = tf.strings.unicode_encode(
        tf.RaggedTensor.from_row_splits(lowered, splits, validate=False), "UTF-8"
    )
    irregular = tf.reduce_any([tf.reduce_any(tf.equal(points, ord(char))) for char in IRREGULAR])
    return tf.cond(irregular, lambda: tf.strings.lower(words, "utf-8"), lambda: words)


class _Segments(NamedTuple):
    """The segments that have a letter or digit, in order: int32 or bool (segments,), ends exclusive.

    Attributes:
        start, end: the segment.
        head, head_end: its first run of letters and digits; accents may precede it.
        more: whether there is another run, behind an accent.
        tail: where that begins; ``end`` without one.
        head_number: all from ``head`` to ``end`` are digits.
        tail_number: all from ``tail`` to ``end`` are digits.
    """

    start: tf.Tensor
    end: tf.Tensor
    head: tf.Tensor
    head_end: tf.Tensor
    more: tf.Tensor
    tail: tf.Tensor
    head_number: tf.Tensor
    tail_number: tf.Tensor


def _segments(kinds: tf.Tensor) -> _Segments:
    digit, mark = tf.equal(kinds, DIGIT), tf.equal(kinds, MARK)
    letter = tf.equal(kinds, LETTER) | digit
    inside = letter | mark
    begins = inside & ~_before(inside)
    starts, ends = _where(begins), _where(inside & ~_after(inside)) + 1
    run_starts, run_ends = _where(letter & ~_before(letter)), _where(letter & ~_after(letter)) + 1
    of_run = tf.gather(tf.cumsum(tf.cast(begins, tf.int32)) - 1, run_starts)  # a run's segment
    digits = tf.cumsum(tf.cast(digit, tf.int32), exclusive=True)
    all_digits = tf.equal(tf.gather(digits, run_ends) - tf.gather(digits, run_starts), run_ends - run_starts)

    first = _where(tf.not_equal(of_run, tf.concat([[-1], of_run[:-1]], axis=0)))  # first run of a segment
    runs = tf.concat([first[1:], tf.shape(run_starts)], axis=0) - first
    segment = tf.gather(of_run, first)
    end, head_end = tf.gather(ends, segment), tf.gather(run_ends, first)
    more = runs > 1
    second = tf.minimum(first + 1, tf.maximum(tf.shape(run_starts)[0] - 1, 0))
    whole_tail = tf.equal(runs, 2) & tf.equal(tf.gather(run_ends, second), end)
    return _Segments(
        start=tf.gather(starts, segment),
        end=end,
        head=tf.gather(run_starts, first),
        head_end=head_end,
        more=more,
        tail=tf.where(more, tf.gather(run_starts, second), end),
        head_number=tf.equal(head_end, end) & tf.gather(all_digits, first),
        tail_number=whole_tail & tf.gather(all_digits, second),
    )


def _boundaries_of_clusters(points: tf.Tensor, kinds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """``_boundaries`` of characters with the marks on them. A mark on white space is a character itself."""
    stacker = tf.equal(kinds, STACKER)
    mark = tf.equal(kinds, MARK) | stacker
    attached = mark & _before(tf.not_equal(kinds, SPACE))
    base = ~attached
    marked = tf.boolean_mask(_after(attached), base)
    stacked = tf.boolean_mask(_before(stacker), base)
    kinds = tf.boolean_mask(tf.where(mark, SYMBOL, kinds), base)
    # With a mark, an "n" is no longer that of "n't", nor a digit one of "2.8", but it may begin the "8".
    plain = tf.where(marked, _MARKED, tf.boolean_mask(points, base))
    begins, ends = _boundaries(plain, kinds, tf.where(marked & tf.equal(kinds, DIGIT), LETTER, kinds))
    kana, lone = tf.equal(kinds, KANA), tf.equal(kinds, LONE)
    goes_on = (kana & _before(kana)) | (lone & _before(lone) & stacked)
    begins, ends = begins & ~goes_on, ends & ~_after(goes_on)
    places = tf.where(base)
    shape = tf.shape(points, out_type=tf.int64)
    # A word ends with the last mark of its last character.
    last = tf.concat([places[1:] - 1, shape[None] - 1], axis=0)[: tf.shape(places)[0]]
    return (
        tf.scatter_nd(places, tf.cast(begins, tf.int32), shape) > 0,
        tf.scatter_nd(last, tf.cast(ends, tf.int32), shape) > 0,
    )


def _boundaries(
    points: tf.Tensor, kinds: tf.Tensor, numbers: Optional[tf.Tensor] = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Of every character, bool (characters,): is a word's first; is a word's last.

    Args:
        points: int32 (characters,), all texts with a gap of white space behind each.
        kinds: int32 (characters,), their classes.
        numbers: the same, with DIGIT only for what numbers consist of; None = as ``kinds``.
    """
    spoken = tf.not_equal(kinds, SPACE)
    segments = _segments(kinds if numbers is None else numbers)
    tightly = tf.concat([tf.equal(segments.start[1:], segments.end[:-1] + 1), [False]], axis=0)[
        : tf.shape(segments.start)[0]
    ]  # one character stands between this segment and the next
    between = tf.gather(points, segments.end)
    quote = _among(points, "'’")

    # "n't": the quote and the "t" are joined to this segment's last letter, an "n".
    head_length = segments.head_end - segments.head
    one_t = (
        tf.equal(head_length, 1) & _is(points, segments.head, "t") & tf.equal(segments.head, segments.start)
    )
    negation = tightly & _among(between, "'’") & _is(points, segments.end - 1, "n") & _next(one_t)
    # "2.8": separator and digits are joined to this segment, if they follow a number.
    begins_with_digit = tf.equal(tf.gather(kinds, segments.start), DIGIT)
    separated = tightly & _among(between, ".,:") & _next(begins_with_digit)
    clitic = tf.gather(quote, tf.maximum(segments.head - 1, 0)) & (segments.head > 0)
    suffixes = [
        tf.equal(head_length, len(suffix))
        & tf.reduce_all([_is(points, segments.head + i, char) for i, char in enumerate(suffix)], axis=0)
        for suffix in _SUFFIXES
    ]
    clitic &= tf.reduce_any(suffixes, axis=0)

    # Whether the next segment's head is consumed, if this one's is not (left) or is (right). A negation wants
    # the "n" in a word, which that of "1.2n" is not.
    if_free = negation | (separated & segments.head_number)
    if_consumed = (negation & segments.more) | (separated & (segments.head_number | segments.tail_number))
    consumed = _propagate(clitic | _previous(if_free), clitic | _previous(if_consumed))
    joined = _next(consumed & ~clitic)  # the character between is a part of the same word as its neighbours
    negated = joined & negation

    core = tf.where(consumed, segments.tail, segments.head)
    # "U.S.": two or more single letters, each with a full stop behind it.
    initial = tf.equal(segments.end - core, 1) & _is_kind(kinds, core, LETTER) & tf.equal(between, ord("."))
    chained = _previous(initial & tightly) & initial & tf.equal(core, segments.start)
    joined |= initial & (chained | _next(chained))

    # Back to characters: of which segment each is, or which is the last one before it.
    place = tf.range(tf.shape(points)[0])
    count = tf.shape(segments.start)[0]
    known = tf.searchsorted(segments.start, place, side="right") - 1
    anywhere = (known >= 0) & (count > 0)
    at = tf.maximum(known, 0)

    def of(values: tf.Tensor) -> tf.Tensor:
        padded = tf.concat([values, tf.zeros([1], values.dtype)], axis=0)  # there may be no segment at all
        return tf.gather(padded, at)

    end = of(segments.end)
    head, head_end, consumed_here = of(segments.head), of(segments.head_end), of(consumed)
    goes_on = (place > of(core)) & (place < end) & ~(tf.equal(place, end - 1) & of(negated))
    goes_on |= consumed_here & (place >= head) & (place < head_end)
    goes_on |= tf.equal(place, end) & of(joined)
    goes_on |= of(chained) & tf.equal(place, head)
    goes_on &= anywhere
    return spoken & ~goes_on, spoken & ~_after(goes_on)


def _propagate(if_free: tf.Tensor, if_consumed: tf.Tensor) -> tf.Tensor:
    """``x[i] = x[i-1] ? if_consumed[i] : if_free[i]`` for all i at once, bool (segments,); x[-1] is false."""
    fixed = tf.equal(if_free, if_consumed)  # does not depend on the one before; the very first never does
    flips = tf.cumsum(tf.cast(if_free & ~if_consumed, tf.int32))  # of the others some pass on, some negate
    places = _where(fixed)
    last = tf.cumsum(tf.cast(fixed, tf.int32)) - 1
    origin = tf.gather(places, last)
    since = flips - tf.gather(flips, origin)
    return tf.not_equal(tf.gather(if_free, origin), tf.equal(since % 2, 1))


def _where(mask: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.where(mask)[:, 0], tf.int32)


def _before(mask: tf.Tensor) -> tf.Tensor:
    """The neighbour on the left of each, bool (characters,); false at the edge."""
    return tf.concat([[False], mask[:-1]], axis=0)[: tf.shape(mask)[0]]


def _after(mask: tf.Tensor) -> tf.Tensor:
    return tf.concat([mask[1:], [False]], axis=0)[: tf.shape(mask)[0]]


_previous, _next = _before, _after  # the same of segments


def _among(points: tf.Tensor, chars: str) -> tf.Tensor:
    return tf.reduce_any([tf.equal(points, ord(char)) for char in chars], axis=0)


def _is(points: tf.Tensor, places: tf.Tensor, letter: str) -> tf.Tensor:
    """Whether an ASCII letter, small or capital, stands at each place."""
    return tf.equal(tf.bitwise.bitwise_or(tf.gather(points, tf.maximum(places, 0)), 0x20), ord(letter))


def _is_kind(kinds: tf.Tensor, places: tf.Tensor, kind: int) -> tf.Tensor:
    return tf.equal(tf.gather(kinds, tf.minimum(places, tf.shape(kinds)[0] - 1)), kind)
