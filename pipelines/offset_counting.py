"""Offsets of answers that count UTF-16 units or bytes, not characters, as JavaScript and Java tools do.

What a file counts shows only where other characters than ASCII stand before an answer. The whole split
decides: many spans occur more than once in their text, so that a single offset can fit by chance.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.readers.reader import AnswerPlace, Reader
from pipelines.unlabelled_record import parse_labelled

CHARACTERS, UTF16, BYTES = "characters", "UTF-16 units", "bytes"
FITTING = 0.99  # of the offsets that fit in any counting; a few fit another one by chance


class CountingParser:
    """``Reader.parse`` of the records of a split, whose offsets may count other units than characters.

    The files are read once more, to see what they count, when the first offset fits otherwise than as a
    character. Of most files, none does.

    Args:
        reader: of the files.
        files: of the split.
        split: its name.
        config: options of the data.
    """

    def __init__(self, reader: Reader, files: Sequence[Path], split: str, config: DataConfig):
        self._reader, self._files, self._split, self._config = reader, files, split, config
        self._counting: Optional[str] = None

    def __call__(self, record: Any) -> Tuple[Example, List[str]]:
        """The example of a record, and what had to be repaired; raises Unusable."""
        places = self._places(record)
        if all(place == places.get(CHARACTERS) for place in places.values()):
            return parse_labelled(self._reader, record, self._config)
        if self._counting is None:
            self._counting = self._decide()
        if self._counting == CHARACTERS or self._counting not in places:
            return parse_labelled(self._reader, record, self._config)
        moved = self._reader.with_offset(record, places[self._counting], self._config)
        example, repairs = parse_labelled(self._reader, moved, self._config)
        return example, [*repairs, f"offset counts {self._counting}"]

    def _places(self, record: Any) -> Dict[str, int]:
        found = self._reader.answer_place(record, self._config) if self._reader.answer_place else None
        return {} if found is None else fitting_places(found)

    def _decide(self) -> str:
        fits: Counter = Counter()
        for record in self._reader.records(self._files, self._split):
            places = self._places(record)
            fits.update(places)
            fits[""] += bool(places)
        best = max((UTF16, BYTES), key=lambda counting: fits[counting])
        enough = fits[best] > fits[CHARACTERS] and fits[best] >= FITTING * fits[""]
        return best if enough else CHARACTERS


def fitting_places(answer: AnswerPlace) -> Dict[str, int]:
    """Where the span begins, in characters, by each counting under which it stands at its offset.

    Empty where all countings agree, or the span stands at none of these places.
    """
    text, span, offset = answer
    if offset is None or offset < 0 or not span.strip() or text[:offset].isascii():
        return {}
    places = {
        CHARACTERS: offset,
        UTF16: _from_units(text, offset, "utf-16-le", 2),
        BYTES: _from_units(text, offset),
    }
    return {
        counting: place
        for counting, place in places.items()
        if place is not None and text.startswith(span, place)
    }


def _from_units(text: str, offset: int, encoding: str = "utf-8", size: int = 1) -> Optional[int]:
    """The character at which a unit of an encoding begins; None in the middle of one, and beyond the end."""
    try:
        encoded = text[: offset + 1].encode(encoding)[: offset * size]
        return len(encoded.decode(encoding)) if len(encoded) == offset * size else None
    except UnicodeError:
        return None
