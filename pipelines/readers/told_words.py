"""``data.words=auto``: which rules for words a folder of raw data has, from the letters of its train file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Union

from pipelines.errors import UserError
from pipelines.options import AUTO, LATIN, UNICODE, DataConfig
from pipelines.raw_files import DAMAGED, opened_text
from pipelines.readers.registry import reader_of
from pipelines.readers.schema import told_schema
from pipelines.scripts import ATTACHED, KATAKANA, UNSPACED

BEGINNING = 1 << 18  # characters of the file that are looked at
SHARE = 0.01  # of the letters, from which on the words of a file are Unicode's
# What other scripts have. Accents are read alike by both rules, and emoji are no script.
_EMOJI = "\u200d\u20d0-\u20f0\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e01ef"
_OTHER = re.compile(rf"(?![\u0300-\u036f{_EMOJI}])[{ATTACHED}{UNSPACED}{KATAKANA}]")
_LETTER = re.compile(rf"[^\W\d_]|[{ATTACHED}]")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")  # of JSON


def told_data(config: DataConfig, data_dir: Union[str, Path]) -> DataConfig:
    """The options with the schema and the rules for words of a folder in place of ``auto``.

    Data that are nearly all in scripts such as Latin keep the older rules, by which they may have been
    prepared before there was a choice.

    Args:
        config: options of the data.
        data_dir: folder of the raw files; "" is the demo corpus.

    Raises:
        UserError: see ``told_schema``.
    """
    config = told_schema(config, data_dir)
    if config.words != AUTO:
        return config
    other = bool(str(data_dir)) and share_of_other_scripts(_beginning(config, Path(data_dir))) >= SHARE
    return replace(config, words=UNICODE if other else LATIN)


def share_of_other_scripts(text: str) -> float:
    """Share of the letters and marks of a text of JSON that ``LATIN`` has no rules for."""
    text = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    return len(_OTHER.findall(text)) / max(1, len(_LETTER.findall(text)))


def _beginning(config: DataConfig, data_dir: Path) -> str:
    """Of the first file of train; "" where none can be read, which its reader will say."""
    try:
        files = list(reader_of(config).files(data_dir, "train"))
        if not files:
            return ""
        with opened_text(files[0]) as file:
            return file.read(BEGINNING)
    except (UserError, OSError, UnicodeError, *DAMAGED):
        return ""
