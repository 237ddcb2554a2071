"""Questions of a dialog about one text: what QuAC, CoQA and doc2dial have in common.

The readers of these schemas turn their files into turns, and a turn becomes an example here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import AbstractSet, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from pipelines.errors import UserError
from pipelines.example import Example, Unusable
from pipelines.example_from_texts import answered, checked_chat, example_from_chat, histories, unanswered
from pipelines.json_values import as_offset, as_text, required_text
from pipelines.options import SENTENCE, SPAN, WINDOWS, DataConfig
from pipelines.readers.reader import AnswerPlace, Reader
from pipelines.readers.references import found_references
from pipelines.sentences import sentences_around
from pipelines.span_search import find_span
from pipelines.windows import cut_unanswered, cut_window

SETUPS = ("sd", "ld", WINDOWS, "full")
ANSWERS = (SPAN, SENTENCE)
REMEDY = (
    "the folder that --data_dir names needs a file or a folder for train, and one for dev or test; put the"
    " published files there"
)
NOT_FOUND = "answer is not in the document"


@dataclass(frozen=True)
class Answer:
    """An answer as a file has it: ``text`` should stand at ``start`` of the document, in characters."""

    text: Any
    start: Optional[int] = None


def answer_of(found: Mapping[str, Any], text: str = "text", start: str = "answer_start") -> Answer:
    """The answer of an object that has the text and the offset under these keys."""
    return Answer(found.get(text), as_offset(found.get(start)))


def turn(
    *,
    id: str,
    document: Any,
    question: Any,
    dialog: str,
    title: str = "",
    history: Sequence[str] = (),
    answer: Optional[Answer] = None,
    missing: str = "",
    references: Sequence[Answer] = (),
    response: str = "",
    source: str = "unknown",
    repairs: Sequence[str] = (),
) -> Dict[str, Any]:
    """A record of a question, for the functions below.

    Args:
        id: of the question; "" if the file has none.
        document: the whole text that the dialog is about.
        question: what is asked.
        dialog: id of the dialog.
        title: of the document.
        history: what was said before, oldest first; the last utterance is the responder's.
        answer: the gold answer; None if there is none.
        missing: why there is none.
        references: further answers.
        response: the answer in the responder's words.
        source: see ``Example``.
        repairs: what had to be repaired to read the record.
    """
    return {**locals(), "id": id or None}


def listed(content: Any, key: str, where: str, schema: str) -> List[Any]:
    """The list under a key.

    Raises:
        UserError: there is none.
    """
    found = content.get(key) if isinstance(content, Mapping) else None
    if not isinstance(found, list):
        raise UserError(
            f"{where}: no list '{key}', which the format of {schema} has there; correct the file, or choose"
            " another format by --set data.schema=NAME"
        )
    return found


def parse_turn(record: Mapping[str, Any], config: DataConfig) -> Tuple[Example, List[str]]:
    """The example of a question, and what had to be repaired; raises Unusable."""
    example_id, question = required_text(record, "id"), required_text(record, "question")
    if record["answer"] is None:
        raise Unusable(record["missing"])
    text, span = required_text(record, "document"), required_text(vars(record["answer"]), "text")
    place = find_span(text, span, record["answer"].start, config.lowercase_match)
    if place is None:
        raise Unusable(NOT_FOUND)
    start, end = place.start, place.end
    further = ((as_text(answer.text), answer.start) for answer in record["references"])
    references, lost = found_references(text, further, config, "the document")
    if config.answer == SENTENCE:
        start, end = sentences_around(text, start, end)
    document, begin = text, start
    if config.setup == "ld":
        document, begin = cut_window(text, start, end, config.long_words, example_id, config.words)
    example, _ = answered(
        config,
        example_id=example_id,
        document=document,
        query=question,
        span=text[start:end],
        offset=begin,
        utterances=record["history"],
        chat_id=record["dialog"],
        movie=record["title"] or record["dialog"],
        response=record["response"],
        source=record["source"],
        cut=config.setup == "sd",
        references=references,
    )
    return example, [*record["repairs"], *place.repairs, *lost]


def answer_place(record: Mapping[str, Any], config: DataConfig) -> Optional[AnswerPlace]:
    """See ``Reader.answer_place``."""
    del config
    answer = record["answer"]
    if answer is None:
        return None
    return AnswerPlace(as_text(record["document"]), as_text(answer.text), answer.start)


def with_offset(record: Mapping[str, Any], offset: int, config: DataConfig) -> Mapping[str, Any]:
    """See ``Reader.with_offset``."""
    del config
    return {**record, "answer": replace(record["answer"], start=offset)}


def unlabelled_turn(record: Mapping[str, Any], config: DataConfig) -> Tuple[Example, str]:
    """The example of a question whose answer is not read, and the whole document; raises Unusable."""
    question, text = required_text(record, "question"), required_text(record, "document")
    key, document = record["id"] or question, text
    if config.setup in ("sd", WINDOWS):
        document = cut_unanswered(text, config.window_words, key, rules=config.words)
    elif config.setup == "ld":
        document = cut_unanswered(text, config.long_words, key, rules=config.words)
    prober, responder = histories(record["history"], config.history_turns)
    example = unanswered(document, question, prober, responder)
    return replace(example, chat_id=record["dialog"], movie=record["title"] or record["dialog"]), text


def document_of(record: Mapping[str, Any]) -> str:
    """The text that a question is about: dialogs about one text are never in two splits."""
    return as_text(record["document"])


def example_to_predict(chat: Any, config: DataConfig) -> Example:
    """An example without an answer.

    Args:
        chat: what ``example_from_chat`` takes, with ``context`` or ``story`` in place of ``document``, and
            ``question`` in place of ``query``, if need be.
        config: options of the data.

    Raises:
        UserError: the document or the query is missing.
    """
    chat = checked_chat(chat)
    named = {
        "example_id": chat.get("id"),
        "document": as_text(chat.get("context")) or chat.get("story"),
        "query": chat.get("question"),
    }
    return example_from_chat({**named, **chat}, config)


def dialog_reader(
    name: str,
    title: str,
    files: Callable[[Path, str], Sequence[Path]],
    records: Callable[[Sequence[Path], str], Iterator[Any]],
    recognises: Callable[[AbstractSet[str]], bool],
    sources: Sequence[str] = (),
) -> Reader:
    """The reader of a schema whose records ``turn`` makes; see ``Reader`` for the arguments."""
    return Reader(
        name=name,
        title=title,
        files=files,
        records=records,
        parse=parse_turn,
        answer_place=answer_place,
        with_offset=with_offset,
        chat=example_to_predict,
        unlabelled=unlabelled_turn,
        document_of=document_of,
        recognises=recognises,
        setups=SETUPS,
        answers=ANSWERS,
        sources=sources,
    )
