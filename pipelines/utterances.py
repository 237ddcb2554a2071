"""What was said in a chat, in the forms in which files write it."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Sequence

from pipelines.example import Unusable
from pipelines.json_values import as_text, is_missing

HISTORIES = ("full_history", "short_history", "history")  # keys of a record, the first that has any counts
TEXT_KEYS = ("text", "content", "utterance", "message", "value", "body")  # of an utterance that is an object
SPEAKER_KEYS = ("role", "speaker", "author", "from")
NOT_SAID = ("system", "developer", "tool", "function")  # roles whose messages are no part of the chat


class Turn(NamedTuple):
    """An utterance and who says it, "" if that is not written."""

    speaker: str
    text: str


def turns_of(value: Any, key: str) -> List[Turn]:
    """The utterances of a list, oldest first.

    Args:
        value: a list of texts, or of objects with a text and perhaps a role, as in
            ``{"role": "user", "content": "Hello"}``. A missing utterance (null) keeps its turn. None, NaN
            and "" stand for an empty list.
        key: where the value stands, for the error message.

    Raises:
        Unusable: it is something else.
    """
    if is_missing(value) or value == "":
        return []
    if not isinstance(value, list):
        raise _not_utterances(key)
    turns = [_turn(item, key) for item in value]
    return [turn for turn in turns if turn.speaker.lower() not in NOT_SAID]


def history_of(record: Mapping[str, Any]) -> List[str]:
    """What was said before the query of a record, oldest first.

    It stands under the first of ``HISTORIES`` that holds any. Holl-E leaves the query out. Should a file
    append it, its short_history, which is the last two utterances before the query, disagrees; where both
    agree, the query repeats what was said.

    Raises:
        Unusable: there is a history, and none that can be read.
    """
    found: List[List[str]] = []
    unusable = None
    for key in HISTORIES:
        try:
            found.append(alternating(turns_of(record.get(key), key)))
        except Unusable as error:
            unusable = unusable or error
            found.append([])
    said = next(filter(None, found), [])
    if unusable is not None and not said:
        raise unusable
    full, short = found[:2]
    if full and full[-1] == as_text(record.get("query")) and not (short and full[-len(short) :] == short):
        return full[:-1]
    return said


def alternating(turns: Sequence[Turn]) -> List[str]:
    """The texts of turns in which two sides speak by turns.

    What a speaker says in several messages, one after the other, becomes one utterance. Speakers are
    ignored unless every message has one and there are at least two of them.
    """
    speakers = {turn.speaker for turn in turns}
    if "" in speakers or len(speakers) < 2:
        return [turn.text for turn in turns]
    texts: List[str] = []
    last = None
    for speaker, text in turns:
        if speaker == last:
            texts[-1] = f"{texts[-1]} {text}".strip()
        else:
            texts.append(text)
        last = speaker
    return texts


def _turn(item: Any, key: str) -> Turn:
    if isinstance(item, Mapping):
        speaker = next((as_text(item[name]) for name in SPEAKER_KEYS if name in item), "")
        found = [item[name] for name in TEXT_KEYS if name in item]
        if not found:
            raise _not_utterances(key)
        return Turn(speaker, _content(found[0], key))
    if isinstance(item, list):
        raise _not_utterances(key)
    return Turn("", as_text(item))


def _content(value: Any, key: str) -> str:
    """The text of a message, which chat services also write as a list of parts."""
    if isinstance(value, list) and all(isinstance(part, Mapping) for part in value):
        return " ".join(as_text(part.get("text")) for part in value if "text" in part)
    if isinstance(value, (list, Mapping)):
        raise _not_utterances(key)
    return as_text(value)


def _not_utterances(key: str) -> Unusable:
    return Unusable(f"'{key}' is not a list of texts, or of objects such as {{'role': ..., 'content': ...}}")
