"""Measures how excerpts of documents give away their answers."""

from __future__ import annotations

from pipelines.example import Example

WORDS = 10  # of an opening


def opening(document: str) -> str:
    """The first words of a document, with their white space."""
    words = document.split(maxsplit=WORDS)
    return document[: document.find(words[WORDS])].rstrip() if len(words) > WORDS else document


def share_in_the_middle(examples: list[Example]) -> float:
    """Share of the answers that lie in the middle third of the document; a third if they lie anywhere."""
    middles = [(e.answer_start + e.answer_end) / 2 / len(e.document) for e in examples]
    return sum(1 / 3 <= middle < 2 / 3 for middle in middles) / len(middles)


def shares(short: list[Example], long: list[Example]) -> dict[str, float]:
    """Shares of short documents that have the opening of the long document and, of those, the answer in it.

    An answer is there if it starts within the opening.
    """
    whole = {example.example_id: example for example in long}
    kept, answers = 0, 0
    for example in short:
        words = opening(whole[example.example_id].document)
        place = example.document.find(words)
        kept += place >= 0
        answers += place >= 0 and place <= example.answer_start < place + len(words)
    return {
        "documents with the opening": kept / len(short),
        "answer there, of those": answers / max(kept, 1),
    }
