"""What is known of a schema of raw data: where its records are, and how one becomes an example."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import AbstractSet, Any, Callable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from pipelines.example import Example
from pipelines.example_from_texts import example_from_chat
from pipelines.json_records import iterate_records
from pipelines.json_values import as_text
from pipelines.options import SPAN, DataConfig

CHAT = "chat"  # the conversation, in ``Reader.ties``


def records_of_files(files: Sequence[Path], split: str) -> Iterator[Any]:
    """The items of JSON lists, or the objects of JSON lines, of one file after the other."""
    del split
    for file in files:
        yield from iterate_records(file)


def id_of_record(record: Any) -> str:
    """``example_id`` of a record, or else its ``id``; "" if it has neither."""
    if not isinstance(record, Mapping):
        return ""
    return as_text(record.get("example_id")) or as_text(record.get("id"))


def same_record(record: Any, offset: int, config: DataConfig) -> Any:
    """The record, of a reader that does not say where answers are."""
    del offset, config
    return record


class AnswerPlace(NamedTuple):
    """Where a record says that its answer is: ``text[offset:]`` should begin with ``span``."""

    text: str
    span: str
    offset: Optional[int]


@dataclass(frozen=True)
class Reader:
    """A schema of raw data.

    Every record becomes one example. Where a file nests them (articles with paragraphs with questions),
    ``records`` takes them apart. All functions are defined at the top level of a module, so that worker
    processes can import them.

    Attributes:
        name: value of ``data.schema``.
        title: for people.
        files: (folder of the raw data, split) -> the files of that split, in reading order. Their contents
            are part of the fingerprint. Raises UserError with a remedy if they are missing.
        parse: (record, options) -> the example, and what had to be repaired, a short reason each. Raises
            Unusable. See ``pipelines.example_from_texts.answered``.
        records: (files, split) -> records in a fixed order, as a stream. Splits may share files, and take
            different records of them. Raises UserError for a file that cannot be read.
        record_id: record -> its id for the report, or "".
        chat: (JSON object, options) -> an example to predict. It has to accept a ``document`` with a
            ``chat`` as ``example_from_chat`` does. Raises UserError.
        unlabelled: (JSON object, options) -> an example without an answer, of a record of ``records`` that
            need not have any, and the whole text that its document was cut out of. Raises Unusable. None =
            what ``chat`` makes of the record, see ``pipelines.unlabelled``.
        answer_place: (record, options) -> ``AnswerPlace``, or None for a record without one. With it and
            ``with_offset``, offsets that count UTF-16 units or bytes are recognised (``offset_counting``).
        with_offset: (record, offset in characters, options) -> the record with this offset of its answer.
        ties: record -> what ties it to others, by kind: its ``CHAT``, its movie or article; "" where it is
            not known. It must not depend on the setup. With it, a dev split is made of train where it has no
            files (``held_out``), and ids that start anew in every chat are told apart (``folder_reader``).
        setups: values of ``data.setup`` for which the schema has documents.
        answers: values of ``data.answer`` that the schema has.
        document_of: record -> a name or the text of the document that it is about. With it, a folder without
            dev or test will do, see ``pipelines.held_out``. It needs ``files`` that raise ``MissingSplit``.
        recognises: the keys at the beginning of a file (see ``pipelines.json_shape``) -> whether they are
            those of the schema, for ``data.schema=auto``. By default, a schema has to be named.
        notes: split -> what is unusual about it, for people; see ``pipelines.held_out``.
        sources: kinds of text that answers come from, in the order in which a report lists them.
        version: raise it when ``parse`` or ``records`` change the examples, so that data are prepared anew.
    """

    name: str
    title: str
    files: Callable[[Path, str], Sequence[Path]]
    parse: Callable[[Any, DataConfig], Tuple[Example, List[str]]]
    records: Callable[[Sequence[Path], str], Iterator[Any]] = records_of_files
    record_id: Callable[[Any], str] = id_of_record
    chat: Callable[[Any, DataConfig], Example] = example_from_chat
    unlabelled: Optional[Callable[[Any, DataConfig], Tuple[Example, str]]] = None
    answer_place: Optional[Callable[[Any, DataConfig], Optional[AnswerPlace]]] = None
    with_offset: Callable[[Any, int, DataConfig], Any] = same_record
    ties: Optional[Callable[[Any], Mapping[str, str]]] = None
    setups: Sequence[str] = ("sd",)
    answers: Sequence[str] = (SPAN,)
    document_of: Optional[Callable[[Any], str]] = None
    recognises: Optional[Callable[[AbstractSet[str]], bool]] = None
    notes: Mapping[str, str] = field(default_factory=dict)
    sources: Sequence[str] = ()
    version: int = 1
