"""The schema of Holl-E (Moghe et al., 2018): every fault of a record is repaired or named."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import AbstractSet, Any, List, Mapping, Optional, Tuple

from pipelines.errors import UserError
from pipelines.example import UNANSWERED, Example, Unusable
from pipelines.example_from_texts import answered, chat_name, checked_chat, example_from_chat
from pipelines.json_records import find_json_file
from pipelines.json_values import as_offset, as_passage, as_text, is_missing, required_text
from pipelines.options import HOLLE, SETUPS, WINDOWS, DataConfig
from pipelines.readers.reader import CHAT, AnswerPlace, Reader
from pipelines.span_search import find_span
from pipelines.utterances import history_of

HOMEPAGE = "https://github.com/nikitacs16/Holl-E"
# setup -> (key of the document, key of the span's character offset in it)
DOCUMENT_KEYS = {
    "sd": ("mixed", "answer_start_mixed"),
    "ld": ("full_reduced", "answer_start_full_reduced"),
    WINDOWS: ("full_reduced", "answer_start_full_reduced"),
    "full": ("full", "answer_start_full"),
    "oracle": ("oracle_reduced", "answer_start_oracle_reduced"),
    "oracle_full": ("oracle", "answer_start_oracle"),
}
SOURCES = {0: "plot", 1: "review", 2: "comments", 3: "fact_table"}  # by label
_OF_NOTHING = ("nan", "NaN", "None", "<NA>")  # what str() makes of a missing value, in pandas or Python
NO_HISTORY = "NH"  # what Holl-E writes instead of an utterance


def files_of_split(data_dir: Path, split: str) -> List[Path]:
    """``train_data.json``, ``dev_data.json`` or ``test_data.json``: a list or JSON lines, or compressed.

    Raises:
        UserError: there is no such file.
    """
    remedy = (
        f"Holl-E has to be downloaded by hand (see {HOMEPAGE}) and its three files put into the folder that "
        "--data_dir names"
    )
    return [find_json_file(data_dir / f"{split}_data", remedy)]


def _refuse_other_layouts(record: Mapping[str, Any]) -> None:
    """Raise Unusable, with what to do, if a record without an id is of a layout that is often met."""
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and "example_id" in value[0]:
            raise Unusable(f"records are in a list under '{name}'; make a file of that list alone")
    if all(isinstance(record.get(key), (list, dict)) for key in ("example_id", "query")):
        raise Unusable("records are the rows of a table; make a list of records (pandas: orient='records')")
    if record and all(isinstance(value, dict) for value in record.values()):
        raise Unusable("records are keyed by ids; make a list of them, with each id as its 'example_id'")
    if isinstance(record.get("chat"), list) and isinstance(record.get("spans"), list):
        raise Unusable(
            "record is a whole chat of Holl-E's main_data; use Holl-E's train_data, dev_data and test_data,"
            " which have a record for each response"
        )


def parse_record(record: Any, config: DataConfig) -> Tuple[Example, List[str]]:
    """A training example and what had to be repaired; raises Unusable."""
    if not isinstance(record, dict):
        raise Unusable("record is not an object")
    if not as_text(record.get("example_id")):
        _refuse_other_layouts(record)
    document_key, offset_key = DOCUMENT_KEYS[config.setup]
    record, listed = _with_first_span(_with_passage(record, document_key), document_key, offset_key, config)
    example_id = required_text(record, "example_id")
    document = required_text(record, document_key)
    query = required_text(record, "query")
    if record.get("is_impossible") is True and (config.has_null or not as_text(record.get("span")).strip()):
        raise Unusable(UNANSWERED)
    span = required_text(record, "span")
    chat_id = as_text(record.get("chat_id"))
    response = as_text(record.get("response"))
    source = _source(record.get("label"))
    example, of_span = answered(
        config,
        example_id=example_id,
        document=document,
        query=query,
        span=span,
        offset=as_offset(record.get(offset_key)),
        utterances=[_without_placeholder(said) for said in history_of(record)],
        chat_id=chat_id or example_id.rpartition("_")[0],
        movie=as_text(record.get("movie_name")),
        response=response,
        source=source,
        document_name=f"'{document_key}'",
    )
    repairs = listed + ([] if isinstance(record["span"], str) else ["span is a number"])
    repairs += of_span
    if not chat_id:
        repairs.append("chat_id is missing, taken from example_id")
    if not response.strip():
        repairs.append("response is missing")
    if source == "unknown":
        repairs.append("label is unknown")
    for key in ("query", "response", "chat_id", "movie_name"):  # a person may say "nan", so it is only told
        if as_text(record.get(key)).strip() in _OF_NOTHING:
            repairs.append(f"{key} is the text '{as_text(record[key]).strip()}', kept as it is")
    return example, repairs


def answer_place(record: Any, config: DataConfig) -> Optional[AnswerPlace]:
    """See ``Reader.answer_place``."""
    if not isinstance(record, dict):
        return None
    document_key, offset_key = DOCUMENT_KEYS[config.setup]
    record, _ = _with_first_span(_with_passage(record, document_key), document_key, offset_key, config)
    text, span = as_text(record.get(document_key)), as_text(record.get("span"))
    return AnswerPlace(text, span, as_offset(record.get(offset_key)))


def with_offset(record: Any, offset: int, config: DataConfig) -> Any:
    """See ``Reader.with_offset``."""
    return {**record, DOCUMENT_KEYS[config.setup][1]: offset}


def ties(record: Any) -> Mapping[str, str]:
    """See ``Reader.ties``: the chat, and the movie or, without its title, the texts of all setups."""
    if not isinstance(record, dict):
        return {}
    chat = as_text(record.get("chat_id")) or as_text(record.get("example_id")).rpartition("_")[0]
    movie = as_text(record.get("movie_name"))
    if movie:
        return {CHAT: chat, "movie": movie}
    texts = {key: as_passage(record.get(key)) for key, _ in DOCUMENT_KEYS.values()}
    return {CHAT: chat, **{key: _digest(text) for key, text in texts.items() if text}}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def _with_passage(record: Any, key: str) -> Any:
    """The record with the text under ``key`` in place of a list of paragraphs; as it is if that has none."""
    value = record.get(key)
    passage = as_passage(value) if isinstance(value, list) else ""
    return {**record, key: passage} if passage else record


def _with_first_span(record: Any, key: str, offset_key: str, config: DataConfig) -> Tuple[Any, List[str]]:
    """The record with one span in place of a list of references: the first that its document holds.

    Offsets may be a list of the same length.
    """
    spans = record.get("span")
    if not isinstance(spans, list):
        return record, []
    offsets = record.get(offset_key)
    if not isinstance(offsets, list) or len(offsets) != len(spans):
        offsets = [offsets] * len(spans)
    pairs = [(as_text(span), offset) for span, offset in zip(spans, offsets) if as_text(span).strip()]
    if not pairs:
        without = all(is_missing(span) or span == "" for span in spans)
        return {**record, "span": None if without else {}}, []
    document = as_text(record.get(key))
    held = (pair for pair in pairs if find_span(document, pair[0], None, config.lowercase_match))
    span, offset = next(held, pairs[0])
    repairs = ["span is a list; the first that is in the document is taken"] if len(pairs) > 1 else []
    return {**record, "span": span, offset_key: offset}, repairs


def example_to_predict(chat: Any, config: DataConfig) -> Example:
    """An example without an answer, of a Holl-E record or of any other chat.

    Args:
        chat: a record, whose span is not read, or what ``example_from_chat`` takes.
        config: options of the data.

    Raises:
        UserError: the document or the query is missing.
    """
    chat = checked_chat(chat)
    key, _ = DOCUMENT_KEYS[config.setup]
    document = as_passage(chat.get(key)) or as_passage(chat.get("document"))
    if not document.strip():
        raise UserError(
            f"{chat_name(chat)}: no document; add its text as 'document' (or '{key}', as in Holl-E)"
        )
    return replace(
        example_from_chat({**chat, "document": document}, config, _without_placeholder),
        movie=as_text(chat.get("movie_name")),
        response=as_text(chat.get("response")),
        source=_source(chat.get("label")),
    )


def recognises(keys: AbstractSet[str]) -> bool:
    """See ``Reader.recognises``."""
    return "query" in keys and bool({"span", *(key for key, _ in DOCUMENT_KEYS.values())} & keys)


def _source(label: Any) -> str:
    number = as_offset(label)  # tables in which some labels are missing have 0.0 or "0"
    return "unknown" if number is None else SOURCES.get(number, "unknown")


def _without_placeholder(said: str) -> str:
    return "" if said.strip() == NO_HISTORY else said


READER = Reader(
    name=HOLLE,
    title="Holl-E",
    files=files_of_split,
    parse=parse_record,
    answer_place=answer_place,
    with_offset=with_offset,
    ties=ties,
    chat=example_to_predict,
    recognises=recognises,
    setups=SETUPS,
    sources=tuple(SOURCES.values()),
)
