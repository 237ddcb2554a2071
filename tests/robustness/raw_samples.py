"""A small file of each schema of raw data, in units of which one can be damaged without the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from pipelines.readers.holle import DOCUMENT_KEYS

TEXT = "Frank’s mother left 😀. He cashes 2.5 million in cheques. Rated 8 of 10."
SPANS = ("He cashes 2.5 million", "mother left", "8 of 10")


class Sample(NamedTuple):
    """A file for the split test.

    Attributes:
        schema: name of the reader.
        file: its name.
        units: parts that have nothing to do with each other.
        whole: units -> content of the file.
        other: a second file that the schema needs, with its content.
    """

    schema: str
    file: str
    units: list[Any]
    whole: Callable[[list[Any]], Any]
    other: Optional[tuple[str, Any]] = None

    def write(self, folder: Path, units: list[Any]) -> Path:
        """The file with these units in place of its own."""
        if self.other:
            (folder / self.other[0]).write_text(json.dumps(self.other[1]))
        path = folder / self.file
        path.write_text(json.dumps(self.whole(units)))
        return path


def _holle(number: int) -> dict[str, Any]:
    span = SPANS[number]
    texts = {key: TEXT for key, _ in DOCUMENT_KEYS.values()}
    offsets = {key: TEXT.index(span) for _, key in DOCUMENT_KEYS.values()}
    return {
        "chat_id": f"c{number}",
        "example_id": f"c{number}_0",
        "movie_name": f"Film {number}",
        "span": span,
        "response": f"I liked {span}.",
        "label": number,
        "query": "What does he do?",
        "short_history": ["a", "b"],
        "full_history": ["x", "y", "a", "b"],
        "chat": ["a"],
        **texts,
        **offsets,
    }


def _squad(number: int) -> dict[str, Any]:
    answers = [{"text": span, "answer_start": TEXT.index(span)} for span in SPANS[:2]]
    questions = [
        {"id": f"q{number}{i}", "question": "Who?", "answers": [answer]} for i, answer in enumerate(answers)
    ]
    return {"title": f"T{number}", "paragraphs": [{"context": TEXT, "qas": questions}]}


def _row(number: int) -> dict[str, Any]:
    answers = {"text": [SPANS[number]], "answer_start": [TEXT.index(SPANS[number])]}
    return {
        "id": f"r{number}",
        "title": f"T{number}",
        "context": TEXT,
        "question": "Who?",
        "answers": answers,
    }


def _quac(number: int) -> dict[str, Any]:
    asked = []
    for i, span in enumerate(SPANS[:2]):
        answer = {"text": span, "answer_start": TEXT.index(span)}
        asked.append({"id": f"C{number}_q#{i}", "question": "Who?", "answers": [answer, answer],
                      "orig_answer": answer, "followup": "y", "yesno": "x"})  # fmt: skip
    section = {"context": f"{TEXT} CANNOTANSWER", "id": f"C{number}", "qas": asked}
    return {"title": f"T{number}", "section_title": "s", "background": "b", "paragraphs": [section]}


def _coqa(number: int) -> dict[str, Any]:
    asked, answers = [], []
    for turn, span in enumerate(SPANS[:2], 1):
        start = TEXT.index(span)
        asked.append({"input_text": "Who?", "turn_id": turn})
        answers.append({"span_start": start, "span_end": start + len(span), "span_text": span,
                        "input_text": "he", "turn_id": turn})  # fmt: skip
    return {"source": "mctest", "id": f"s{number}", "story": TEXT, "questions": asked, "answers": answers,
            "additional_answers": {"0": answers}}  # fmt: skip


def _doc2dial(number: int) -> dict[str, Any]:
    user = {"turn_id": 1, "role": "user", "da": "query", "utterance": "Who?", "references": []}
    reference = [{"sp_id": "1", "label": "solution"}]
    agent = {"turn_id": 2, "role": "agent", "da": "respond", "utterance": "He.", "references": reference}
    return {"dial_id": f"d{number}", "doc_id": "film", "domain": "ssa", "turns": [user, agent]}


_SPAN = {"id_sp": "1", "start_sp": 0, "end_sp": 20, "text_sp": TEXT[:20]}
_DOCUMENT = {"doc_id": "film", "title": "Film", "domain": "ssa", "doc_text": TEXT, "spans": {"1": _SPAN}}


def _units(make: Callable[[int], Any]) -> list[Any]:
    return [make(number) for number in range(3)]


SAMPLES = [
    Sample("holle", "test_data.json", _units(_holle), lambda units: units),
    Sample("squad", "test.json", _units(_squad), lambda units: {"version": "1.1", "data": units}),
    Sample("squad", "test.json", _units(_row), lambda units: units),
    Sample("quac", "test.json", _units(_quac), lambda units: {"data": units}),
    Sample("coqa", "test.json", _units(_coqa), lambda units: {"data": units}),
    Sample(
        "doc2dial",
        "doc2dial_dial_test.json",
        _units(_doc2dial),
        lambda units: {"dial_data": {"ssa": {"film": units}}},
        ("doc2dial_doc.json", {"doc_data": {"ssa": {"film": _DOCUMENT}}}),
    ),
]
NAMES = ["holle", "squad", "squad rows", "quac", "coqa", "doc2dial"]
