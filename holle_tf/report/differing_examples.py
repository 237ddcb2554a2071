"""Test examples for which teacher and student predict different spans, marked in the document."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Sequence

from holle_tf.evaluate.predictions import SpanPrediction
from pipelines.example import Example
from pipelines.options import UNICODE
from pipelines.tokenizer import token_span, tokenize

AROUND = 60  # words shown on either side of a span
Span = tuple[int, int]  # first and last word, inclusive


class Piece(NamedTuple):
    """A piece of the document whose words all lie in the same spans.

    Attributes:
        text: as in the document.
        marks: names of the spans: true, teacher, student; empty for plain text.
    """

    text: str
    marks: tuple[str, ...]


def choose(teacher: Sequence[SpanPrediction], student: Sequence[SpanPrediction], count: int) -> list[int]:
    """Indices of at most ``count`` examples whose predicted spans differ, spread evenly over the split."""
    differing = [i for i, (a, b) in enumerate(zip(teacher, student)) if (a.start, a.end) != (b.start, b.end)]
    if len(differing) <= count:
        return differing
    return [differing[i * len(differing) // count] for i in range(count)]


def shown_examples(
    examples: Sequence[Example],
    teacher: Sequence[SpanPrediction],
    student: Sequence[SpanPrediction],
    count: int,
    rules: str = UNICODE,
) -> list[dict[str, Any]]:
    """The chosen examples as the page shows them: query, pieces of the document, and both predictions."""
    shown = []
    for place in choose(teacher, student, count):
        example, by_teacher, by_student = examples[place], teacher[place], student[place]
        spans = {
            "teacher": (by_teacher.start, by_teacher.end),
            "student": (by_student.start, by_student.end),
        }
        true = token_span(tokenize(example.document, rules), example.answer_start, example.answer_end)
        if true is not None:
            spans["true"] = true
        shown.append(
            {
                "example_id": example.example_id,
                "movie": example.movie,
                "source": example.source.replace("_", " "),
                "query": example.query,
                "answer": example.answer,
                "teacher": {"text": by_teacher.prediction, "f1": by_teacher.f1},
                "student": {"text": by_student.prediction, "f1": by_student.f1},
                "pieces": pieces(example.document, spans, rules=rules),
            }
        )
    return shown


def pieces(document: str, spans: dict[str, Span], around: int = AROUND, rules: str = UNICODE) -> list[Piece]:
    """The document around the spans, cut where a span starts or ends; "..." stands for the words left out."""
    tokens = tokenize(document, rules)
    wanted = [False] * len(tokens)
    for first, last in spans.values():
        for place in range(max(first - around, 0), min(last + around + 1, len(tokens))):
            wanted[place] = True
    found: list[Piece] = []
    before: Optional[int] = None  # index of the last word shown
    for place, token in enumerate(tokens):
        if not wanted[place]:
            continue
        marks = tuple(name for name, (first, last) in spans.items() if first <= place <= last)
        if before is not None and before == place - 1:
            # White space between two words has the marks that both share.
            gap = document[tokens[before].end : token.start]
            if found[-1].marks == marks:
                found[-1] = Piece(found[-1].text + gap + token.text, marks)
            else:
                shared = tuple(name for name in marks if name in found[-1].marks)
                found += [Piece(gap, shared), Piece(token.text, marks)]
        else:
            if place > 0:
                found.append(Piece(" ... ", ()))
            found.append(Piece(token.text, marks))
        before = place
    if before is not None and before < len(tokens) - 1:
        found.append(Piece(" ...", ()))
    return [piece for piece in found if piece.text]
