"""One of Holl-E's raw examples (Moghe et al., 2018), with every fault of the data repaired or named."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, List, Mapping, Optional, Tuple

from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import SETUPS, WINDOWS, DataConfig
from pipelines.span_search import find_span
from pipelines.windows import cut_window

SPLITS = ("train", "dev", "test")
SOURCES = {0: "plot", 1: "review", 2: "comments", 3: "fact_table"}  # by label
NO_HISTORY = "NH"  # what Holl-E writes instead of an utterance
# Half of a surrogate pair, which JSON can escape but UTF-8 not write. U+FFFD is as long, so offsets hold.
_TORN = re.compile(r"[\ud800-\udfff]")


class Unusable(Exception):
    """Why an example is dropped."""


def example_from_chat(obj: Mapping[str, Any], config: DataConfig) -> Example:
    """An example to predict, without an answer.

    Args:
        obj: a Holl-E record (its span is not looked at), or ``{"document": str, "chat": [str, ...]}``
            whose last utterance is the query.

    Raises:
        UserError: the document or the query is missing.
    """
    if not isinstance(obj, Mapping):
        raise UserError("a chat to predict must be a JSON object with 'document' and 'chat'; correct it")
    name = as_text(obj.get("example_id")) or "chat"
    text_key, _ = _keys(config)
    document = as_text(obj.get(text_key)) or as_text(obj.get("document"))
    if not document.strip():
        raise UserError(f"{name}: no document; add its text as 'document' (or '{text_key}', as in Holl-E)")
    query, utterances = as_text(obj.get("query")), _utterances(obj)
    if not query.strip() and isinstance(obj.get("chat"), list) and obj["chat"]:
        *spoken, last = map(as_text, obj["chat"])
        query, utterances = last, spoken
    if not query.strip():
        raise UserError(
            f"{name}: no query; add 'chat', a list of utterances whose last one is to be answered"
        )
    prober, responder = _sides(utterances, config.history_turns)
    return replace(
        unanswered(document, query, prober, responder),
        example_id=name,
        chat_id=as_text(obj.get("chat_id")) or name,
        movie=as_text(obj.get("movie_name")),
        response=as_text(obj.get("response")),
        source=_source(obj.get("label")),
    )


def unanswered(document: str, query: str, prober: str = "", responder: str = "") -> Example:
    """An example to predict, of nothing but its texts, each of which may be empty."""
    names = ("document", "query", "prober_history", "responder_history")
    texts = dict(zip(names, map(as_text, (document, query, prober, responder))))
    return Example(example_id="chat", chat_id="chat", movie="", **texts, answer="", answer_start=0,
                   answer_end=0, response="", source="unknown", has_answer=False)  # fmt: skip


def parse_record(record: Any, config: DataConfig) -> Tuple[Example, List[str]]:
    """A training example and the names of what had to be repaired; raises Unusable."""
    if not isinstance(record, dict):
        raise Unusable("record is not an object")
    repairs: List[str] = []
    text_key, offset_key = _keys(config)
    example_id = _required(record, "example_id")
    document = _required(record, text_key)
    query = _required(record, "query")
    span = _required(record, "span")
    if not isinstance(record["span"], str):
        repairs.append("span is a number")
    place = find_span(document, span, _offset(record.get(offset_key)), config.lowercase_match)
    if place is None:
        raise Unusable(f"span is not in '{text_key}'")
    repairs += place.repairs
    chat_id = as_text(record.get("chat_id"))
    if not chat_id:
        repairs.append("chat_id is missing, taken from example_id")
        chat_id = example_id.rpartition("_")[0] or example_id
    response = as_text(record.get("response"))
    if not response.strip():
        repairs.append("response is missing")
    source = _source(record.get("label"))
    if source == "unknown":
        repairs.append("label is unknown")
    answer, start = document[place.start : place.end], place.start
    if config.setup == WINDOWS:
        document, start = cut_window(document, start, place.end, config.window_words, example_id)
    prober, responder = _sides(_utterances(record), config.history_turns)
    example = Example(
        example_id=example_id,
        chat_id=chat_id,
        movie=as_text(record.get("movie_name")),
        document=document,
        query=query,
        prober_history=prober,
        responder_history=responder,
        answer=answer,
        answer_start=start,
        answer_end=start + len(answer),
        response=response,
        source=source,
    )
    return example, repairs


def _keys(config: DataConfig) -> Tuple[str, str]:
    if config.setup not in SETUPS:
        raise UserError(f"no setup is called {config.setup!r}; choose from {', '.join(SETUPS)}")
    return SETUPS[config.setup]


def as_text(value: Any) -> str:
    """A JSON value as text that UTF-8 can write; numbers are spelled out, other values give ""."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return _TORN.sub("\ufffd", value) if isinstance(value, str) else ""


def _required(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        raise Unusable(f"'{key}' is missing")
    text = as_text(value)
    if not text and value != "":
        raise Unusable(f"'{key}' is not a text")
    if not text.strip():
        raise Unusable(f"'{key}' is empty")
    return text


def _offset(value: Any) -> Optional[int]:
    """A character offset, or None for anything that is not a whole number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
    return value if isinstance(value, int) else None


def _source(label: Any) -> str:
    return SOURCES.get(label, "unknown") if type(label) is int else "unknown"


def _utterances(record: Mapping[str, Any]) -> List[str]:
    """What was said before the query, oldest first, NO_HISTORY included."""
    full, short = (
        [as_text(utterance) for utterance in value] if isinstance(value, list) else []
        for value in (record.get("full_history"), record.get("short_history"))
    )
    # Holl-E leaves the query out. Should a file append it, its short_history, which is the last two
    # utterances before the query, disagrees; where both agree, the query repeats what was said.
    if full and full[-1] == as_text(record.get("query")) and not (short and full[-len(short) :] == short):
        return full[:-1]
    return full or short


def _sides(utterances: List[str], turns: int) -> Tuple[str, str]:
    """The last ``turns`` utterances of the prober and of the responder.

    The query is the prober's, so the sides alternate backwards from it: the last utterance is the
    responder's, the one before the prober's. An utterance that is missing keeps its turn.
    """
    cleaned = [said.strip() for said in utterances]
    prober, responder = (
        " ".join(said for said in side[:turns][::-1] if said and said != NO_HISTORY)
        for side in (cleaned[-2::-2], cleaned[-1::-2])
    )
    return prober, responder
