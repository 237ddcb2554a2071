"""What excerpts of documents give away of their answers."""

from __future__ import annotations

from pipelines.example import Example

WORDS = 10  # of the beginning


def opening(document: str) -> str:
    """The first words of a document as they stand in it."""
    words = document.split(maxsplit=WORDS)
    return document[: document.find(words[WORDS])].rstrip() if len(words) > WORDS else document


def shares(short: list[Example], long: list[Example]) -> dict[str, float]:
    """How often the opening of a long document is in a shorter one, and how often the answer is there then.

    An answer is there if it starts within the opening.
    """
    whole = {one.example_id: one for one in long}
    kept, answers = 0, 0
    for one in short:
        words = opening(whole[one.example_id].document)
        place = one.document.find(words)
        kept += place >= 0
        answers += place >= 0 and place <= one.answer_start < place + len(words)
    return {
        "documents with the opening": kept / len(short),
        "answer there, of those": answers / max(kept, 1),
    }
