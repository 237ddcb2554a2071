"""The reader of a folder that lacks a dev file, or whose ids start anew in every chat."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from pipelines.example import Example
from pipelines.held_out import DEV, TRAIN, dev_by_ties, lacks_dev
from pipelines.options import DataConfig
from pipelines.readers.reader import CHAT, Reader

COMPOSED = "example_id repeats in other chats; chat_id was put before it"
_LOOK = 1000  # records that decide whether ids start anew in every chat
_REPEATED = 0.05  # share of them whose id another chat has, from which on they do


def reader_of_split(reader: Reader, data_dir: Path, split: str, files: Sequence[Path]) -> Reader:
    """The reader for the records of a split.

    Args:
        reader: of the schema.
        data_dir: folder of the raw files.
        split: name of the split.
        files: of the split; those of train, if there are none for dev.

    Raises:
        UserError: a file cannot be read, or train cannot be divided.
    """
    if reader.ties is None:
        return reader
    if split in (TRAIN, DEV) and lacks_dev(reader, data_dir):
        reader = dev_by_ties(reader, data_dir, split, files)
    if _ids_repeat(reader, files, split):
        reader = replace(reader, parse=partial(_parse, reader), record_id=partial(_record_id, reader))
    return reader


def _ids_repeat(reader: Reader, files: Sequence[Path], split: str) -> bool:
    """Whether ids start anew in every chat. A few that occur twice do not show that."""
    chats: Dict[str, str] = {}
    looked = repeated = 0
    for record in islice(reader.records(files, split), _LOOK):
        looked += 1
        chat, name = _chat(reader, record), reader.record_id(record)
        if chat and name:
            repeated += chats.setdefault(name, chat) != chat
    return repeated > _REPEATED * looked


def _chat(reader: Reader, record: Any) -> str:
    ties: Mapping[str, str] = reader.ties(record) if reader.ties else {}
    return ties.get(CHAT, "")


def _composed(reader: Reader, record: Any, name: str) -> str:
    chat = _chat(reader, record)
    return f"{chat}_{name}" if chat and name else name


def _parse(reader: Reader, record: Any, config: DataConfig) -> Tuple[Example, List[str]]:
    example, repairs = reader.parse(record, config)
    name = _composed(reader, record, example.example_id)
    return replace(example, example_id=name), [*repairs, COMPOSED]


def _record_id(reader: Reader, record: Any) -> str:
    return _composed(reader, record, reader.record_id(record))
