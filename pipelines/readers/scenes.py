"""The scenes of FriendsQA (Yang and Choi, 2019), made of utterances, as paragraphs of SQuAD."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from pipelines.json_values import as_offset, as_text

# FriendsQA's files have the second one.
_KEYS = ("utterances", "utterances:")


def as_paragraph(paragraph: Any) -> Any:
    """A paragraph with a text and with answers in it by character; one that has a text is returned as it is.

    The text has a line for each utterance, as in ``Ross Geller: Breathe .``. An answer of FriendsQA names an
    utterance with its first and last word, or the speaker.
    """
    found = [paragraph[key] for key in _KEYS if key in paragraph] if isinstance(paragraph, Mapping) else []
    if not found or "context" in paragraph or not isinstance(found[0], list):
        return paragraph
    lines: List[str] = []
    places: Dict[Optional[int], _Line] = {}
    begin = 0
    for number, utterance in enumerate(each for each in found[0] if isinstance(each, Mapping)):
        speakers = utterance.get("speakers")
        names = ", ".join(map(as_text, speakers if isinstance(speakers, list) else []))
        prefix = f"{names}: " if names else ""
        text = as_text(utterance.get("utterance"))
        uid = as_offset(utterance.get("uid"))
        places[number if uid is None else uid] = _Line(begin, len(prefix), text)
        lines.append(prefix + text)
        begin += len(lines[-1]) + 1
    asked = paragraph.get("qas")
    questions = [_question(each, places) for each in asked] if isinstance(asked, list) else asked
    return {**paragraph, "context": "\n".join(lines), "qas": questions}


class _Line:
    """An utterance in the text: where its line begins, how long its speakers are there, and what is said."""

    def __init__(self, begin: int, prefix: int, text: str):
        self.begin, self._prefix, self._text = begin, prefix, text

    def of_word(self, number: Optional[int]) -> Optional[int]:
        """The character at which a word begins, of those between spaces; None if there is no such word."""
        words = self._text.split(" ")
        if number is None or not 0 <= number < len(words):
            return None
        return self.begin + self._prefix + sum(len(word) + 1 for word in words[:number])


def _question(question: Any, places: Mapping[Optional[int], _Line]) -> Any:
    answers = question.get("answers") if isinstance(question, Mapping) else None
    if not isinstance(answers, list):
        return question
    return {**question, "answers": [_answer(each, places) for each in answers if isinstance(each, Mapping)]}


def _answer(answer: Mapping[str, Any], places: Mapping[Optional[int], _Line]) -> Dict[str, Any]:
    text = answer.get("answer_text", answer.get("text"))
    line = places.get(as_offset(answer.get("utterance_id")))
    if line is None:
        return {"text": text, "answer_start": None}
    if answer.get("is_speaker") is True:
        return {"text": text, "answer_start": line.begin}
    return {"text": text, "answer_start": line.of_word(as_offset(answer.get("inner_start")))}
