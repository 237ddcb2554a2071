"""Test files in the published schemas of dialogs, whose answers lie anywhere in their documents.

The data of QuAC, CoQA and doc2dial are not here. These files have their structure, sentences of random words,
and answers whose sentences are drawn evenly. What a reader makes of them shows the reader's own bias alone.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Callable

_WORDS = [f"word{number}" for number in range(5000)]
_SENTENCE = 12  # words
Sentences = list[tuple[int, str]]  # the first character of each, and the sentence


def write_schema(folder: Path, schema: str, documents: int, words: int, questions: int = 7) -> None:
    """Write the test split of ``schema``, one of ``SCHEMAS``.

    Args:
        documents: number of documents, each with a dialog about it.
        words: of a document.
        questions: of a dialog.
    """
    draw = random.Random(0)
    found = []
    for number in range(documents):
        sentences: Sentences = []
        at = 0
        for _ in range(words // _SENTENCE):
            text = " ".join(draw.choices(_WORDS, k=_SENTENCE)) + "."
            sentences.append((at, text))
            at += len(text) + 1
        found.append((f"d{number}", sentences, [draw.choice(sentences) for _ in range(questions)]))
    for name, content in SCHEMAS[schema](found).items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _text(sentences: Sentences) -> str:
    return " ".join(text for _, text in sentences)


def _quac(found: list[tuple[str, Sentences, Sentences]]) -> dict[str, Any]:
    articles = []
    for name, sentences, answers in found:
        asked = [
            {"id": f"{name}_q#{i}", "question": f"What is {i}?", "followup": "y", "yesno": "x",
             "answers": [{"text": text, "answer_start": start}],
             "orig_answer": {"text": text, "answer_start": start}}
            for i, (start, text) in enumerate(answers)
        ]  # fmt: skip
        section = {"context": f"{_text(sentences)} CANNOTANSWER", "id": name, "qas": asked}
        articles.append({"title": name, "section_title": name, "background": "", "paragraphs": [section]})
    return {"test.json": {"data": articles}}


def _coqa(found: list[tuple[str, Sentences, Sentences]]) -> dict[str, Any]:
    stories = [
        {
            "source": "mctest",
            "id": name,
            "filename": name,
            "story": _text(sentences),
            "questions": [{"input_text": f"What is {i}?", "turn_id": i} for i in range(1, len(answers) + 1)],
            "answers": [
                {"span_start": start, "span_end": start + len(text), "span_text": text, "input_text": text,
                 "turn_id": i}
                for i, (start, text) in enumerate(answers, 1)
            ],
        }
        for name, sentences, answers in found
    ]  # fmt: skip
    return {"test.json": {"version": "1.0", "data": stories}}


def _doc2dial(found: list[tuple[str, Sentences, Sentences]]) -> dict[str, Any]:
    documents, dialogs = {}, {}
    for name, sentences, answers in found:
        spans = {
            str(i): {"id_sp": str(i), "start_sp": start, "end_sp": start + len(text), "text_sp": text}
            for i, (start, text) in enumerate(sentences)
        }
        documents[name] = {"doc_id": name, "title": name, "domain": "ssa", "doc_text": _text(sentences),
                           "spans": spans}  # fmt: skip
        turns: list[dict[str, Any]] = []
        for answer in answers:
            place = {"sp_id": str(sentences.index(answer)), "label": "solution"}
            turns += [
                {"turn_id": len(turns) + 1, "role": "user", "da": "query", "utterance": "What?",
                 "references": []},
                {"turn_id": len(turns) + 2, "role": "agent", "da": "respond", "utterance": answer[1],
                 "references": [place]},
            ]  # fmt: skip
        dialogs[name] = [{"dial_id": name, "doc_id": name, "domain": "ssa", "turns": turns}]
    return {
        "doc2dial_doc.json": {"doc_data": {"ssa": documents}},
        "doc2dial_dial_test.json": {"dial_data": {"ssa": dialogs}},
    }


SCHEMAS: dict[str, Callable[[list[tuple[str, Sentences, Sentences]]], dict[str, Any]]] = {
    "quac": _quac,
    "coqa": _coqa,
    "doc2dial": _doc2dial,
}
