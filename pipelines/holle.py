"""Holl-E's raw examples (Moghe et al., 2018), read with every fault of the data repaired or counted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from pipelines.config import SETUPS, DataConfig
from pipelines.errors import UserError
from pipelines.json_records import iterate_records
from pipelines.span_search import find_span

SPLITS = ("train", "dev", "test")
SOURCES = {0: "plot", 1: "review", 2: "comments", 3: "fact_table"}  # by label
NO_HISTORY = "NH"  # what Holl-E writes instead of an utterance
HOMEPAGE = "https://github.com/nikitacs16/Holl-E"
# Half of a surrogate pair, which JSON can escape but UTF-8 not write. U+FFFD is as long, so offsets hold.
_TORN = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Example:
    """One response to predict.

    ``answer == document[answer_start:answer_end]``, as the document writes it. A history is the
    utterances of one side joined by a space, oldest first, "" where there are none. ``has_answer``
    is False for a chat to predict, whose answer is "" at 0.
    """

    example_id: str
    chat_id: str
    movie: str
    document: str
    query: str
    prober_history: str
    responder_history: str
    answer: str
    answer_start: int
    answer_end: int
    response: str
    source: str  # plot | review | comments | fact_table | unknown
    has_answer: bool = True


@dataclass
class ReadReport:
    """What became of the examples of a split; reason -> ids of the examples."""

    split: str
    read: int = 0
    kept: int = 0
    dropped: Dict[str, List[str]] = field(default_factory=dict)
    repaired: Dict[str, List[str]] = field(default_factory=dict)

    @property
    def dropped_count(self) -> int:
        """How many examples were dropped, each for one reason."""
        return sum(map(len, self.dropped.values()))

    def lines(self) -> List[str]:
        """The report for people, one reason a line."""
        lines = [f"{self.split}: {self.read} read, {self.kept} kept, {self.dropped_count} dropped"]
        for verb, reasons in (("dropped", self.dropped), ("repaired", self.repaired)):
            for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
                shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
                lines.append(f"  {verb} {len(ids)}: {reason} ({shown})")
        return lines


class _Unusable(Exception):
    """Why an example is dropped."""


def find_split(data_dir: Union[str, Path], split: str) -> Path:
    """The file of a split, plain or compressed.

    Raises:
        UserError: there is none.
    """
    if split not in SPLITS:
        raise UserError(f"no split is called {split!r}; choose from {', '.join(SPLITS)}")
    plain = Path(data_dir) / f"{split}_data.json"
    for path in (plain, plain.with_name(plain.name + ".gz")):
        if path.is_file():
            return path
    raise UserError(
        f"{plain}: no such file, plain or .gz; Holl-E has to be downloaded by hand (see {HOMEPAGE}) "
        "and its three files put into the folder that --data_dir names"
    )


def read_split(
    data_dir: Union[str, Path], split: str, config: DataConfig, limit: Optional[int] = None
) -> Tuple[List[Example], ReadReport]:
    """Read a split's examples in the order of the file.

    Args:
        limit: stop after so many usable examples.

    Raises:
        UserError: no or an unreadable file, no usable example, or more than ``config.max_dropped`` unusable.
    """
    path = find_split(data_dir, split)
    report = ReadReport(split)
    examples: List[Example] = []
    seen: set = set()
    texts: Dict[str, str] = {}  # a movie's document is in many examples; one copy serves all
    for index, record in enumerate(iterate_records(path)):
        if limit is not None and len(examples) >= limit:
            break
        report.read += 1
        name = f"{path.name}[{index}]"
        try:
            if not isinstance(record, dict):
                raise _Unusable("record is not an object")
            name = _text(record.get("example_id")) or name
            example, repairs = _example(record, config)
            if example.example_id in seen:
                raise _Unusable("example_id occurs twice")
        except _Unusable as unusable:
            report.dropped.setdefault(str(unusable), []).append(name)
            continue
        seen.add(example.example_id)
        examples.append(replace(example, document=texts.setdefault(example.document, example.document)))
        for repair in repairs:
            report.repaired.setdefault(repair, []).append(name)
    report.kept = len(examples)
    _decide(path, report, config)
    return examples, report


def _decide(path: Path, report: ReadReport, config: DataConfig) -> None:
    reasons = "; ".join(f"{reason}: {len(ids)}, first {ids[0]}" for reason, ids in report.dropped.items())
    if not report.kept:
        raise UserError(
            f"{path}: no usable example ({reasons or 'the list is empty'}); check the file and --setup"
        )
    if report.dropped_count > config.max_dropped * report.read:
        raise UserError(
            f"{path}: {report.dropped_count} of {report.read} examples are unusable, more than the share "
            f"{config.max_dropped:g} that is allowed ({reasons}); correct the file, "
            "or go on without them by --set data.max_dropped=1.0"
        )


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
    name = _text(obj.get("example_id")) or "chat"
    text_key, _ = _keys(config)
    document = _text(obj.get(text_key)) or _text(obj.get("document"))
    if not document.strip():
        raise UserError(f"{name}: no document; add its text as 'document' (or '{text_key}', as in Holl-E)")
    query, utterances = _text(obj.get("query")), _utterances(obj)
    if not query.strip() and isinstance(obj.get("chat"), list) and obj["chat"]:
        *spoken, last = map(_text, obj["chat"])
        query, utterances = last, spoken
    if not query.strip():
        raise UserError(
            f"{name}: no query; add 'chat', a list of utterances whose last one is to be answered"
        )
    prober, responder = _sides(utterances, config.history_turns)
    return replace(
        unanswered(document, query, prober, responder),
        example_id=name,
        chat_id=_text(obj.get("chat_id")) or name,
        movie=_text(obj.get("movie_name")),
        response=_text(obj.get("response")),
        source=_source(obj.get("label")),
    )


def unanswered(document: str, query: str, prober: str = "", responder: str = "") -> Example:
    """An example to predict, of nothing but its texts, each of which may be empty."""
    names = ("document", "query", "prober_history", "responder_history")
    texts = dict(zip(names, map(_text, (document, query, prober, responder))))
    return Example(example_id="chat", chat_id="chat", movie="", **texts, answer="", answer_start=0,
                   answer_end=0, response="", source="unknown", has_answer=False)  # fmt: skip


def _example(record: Mapping[str, Any], config: DataConfig) -> Tuple[Example, List[str]]:
    """A training example and the names of what had to be repaired; raises _Unusable."""
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
        raise _Unusable(f"span is not in '{text_key}'")
    repairs += place.repairs
    chat_id = _text(record.get("chat_id"))
    if not chat_id:
        repairs.append("chat_id is missing, taken from example_id")
        chat_id = example_id.rpartition("_")[0] or example_id
    response = _text(record.get("response"))
    if not response.strip():
        repairs.append("response is missing")
    source = _source(record.get("label"))
    if source == "unknown":
        repairs.append("label is unknown")
    prober, responder = _sides(_utterances(record), config.history_turns)
    example = Example(
        example_id=example_id,
        chat_id=chat_id,
        movie=_text(record.get("movie_name")),
        document=document,
        query=query,
        prober_history=prober,
        responder_history=responder,
        answer=document[place.start : place.end],
        answer_start=place.start,
        answer_end=place.end,
        response=response,
        source=source,
    )
    return example, repairs


def _keys(config: DataConfig) -> Tuple[str, str]:
    if config.setup not in SETUPS:
        raise UserError(f"no setup is called {config.setup!r}; choose from {', '.join(SETUPS)}")
    return SETUPS[config.setup]


def _text(value: Any) -> str:
    """A JSON value as text that UTF-8 can write; numbers are spelled out, other values give ""."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return _TORN.sub("\ufffd", value) if isinstance(value, str) else ""


def _required(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        raise _Unusable(f"'{key}' is missing")
    text = _text(value)
    if not text and value != "":
        raise _Unusable(f"'{key}' is not a text")
    if not text.strip():
        raise _Unusable(f"'{key}' is empty")
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
        [_text(utterance) for utterance in value] if isinstance(value, list) else []
        for value in (record.get("full_history"), record.get("short_history"))
    )
    # Holl-E leaves the query out. Should a file append it, its short_history, which is the last two
    # utterances before the query, disagrees; where both agree, the query repeats what was said.
    if full and full[-1] == _text(record.get("query")) and not (short and full[-len(short) :] == short):
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
