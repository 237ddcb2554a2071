"""Records of raw data as examples without an answer, whether or not the record has one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from pipelines.options import DataConfig
from pipelines.readers.registry import reader_of
from pipelines.splits import ReadReport, iterate_files
from pipelines.unlabelled_record import Unlabelled, read_unlabelled


def iterate_unlabelled(
    files: Sequence[Path], report: ReadReport, config: DataConfig, limit: Optional[int] = None
) -> Iterator[Unlabelled]:
    """The examples of all records of raw files, with labels or without, to predict.

    Args:
        files: in the schema of ``config``.
        report: is filled meanwhile.
        config: options of the data.
        limit: stop after so many usable examples.

    Raises:
        UserError: as ``iterate_files``.
    """
    reader = reader_of(config)

    def parse(record: Any, name: str) -> Tuple[Unlabelled, List[str]]:
        return read_unlabelled(reader, record, name, config), []

    return iterate_files(files, report, config, limit, parse)
