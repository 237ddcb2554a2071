"""The answers of a question beside the one that is learned."""

from __future__ import annotations

from typing import Iterable, List, Optional, Tuple

from pipelines.options import SENTENCE, DataConfig
from pipelines.sentences import sentences_around
from pipelines.span_search import find_span


def found_references(
    document: str, answers: Iterable[Tuple[str, Optional[int]]], config: DataConfig, name: str
) -> Tuple[List[str], List[str]]:
    """The references as the document writes them, and the repair that tells of those that it does not have.

    Args:
        document: the text that has the answers.
        answers: text and offset of each.
        config: ``answer`` says whether the whole sentence is taken.
        name: of the document, for people.
    """
    found, lost = [], []
    for text, offset in answers:
        place = find_span(document, text, offset, config.lowercase_match)
        if place is None:
            lost = [f"a further reference is not in {name}, left out"]
            continue
        start, end = place.start, place.end
        if config.answer == SENTENCE:
            start, end = sentences_around(document, start, end)
        found.append(document[start:end])
    return found, lost
