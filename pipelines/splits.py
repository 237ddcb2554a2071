"""The raw files of a data set by split, read with every unusable example counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from pipelines.errors import UserError
from pipelines.example import EXPECTED, UNLABELLED, Example, Unusable
from pipelines.folder_reader import reader_of_split
from pipelines.held_out import lacks_dev, with_three_splits
from pipelines.offset_counting import CountingParser
from pipelines.options import DataConfig
from pipelines.readers.reader import Reader
from pipelines.readers.registry import reader_of
from pipelines.readers.schema import told_schema
from pipelines.readers.told_words import told_data

SPLITS = ("train", "dev", "test")
WITHOUT_ANSWER = ("'span' is missing", "'span' is empty", UNLABELLED)  # why a question is dropped
TWICE = "example_id occurs twice"  # why the second example is dropped


@dataclass
class ReadReport:
    """What became of the examples of a split; reason -> ids of the examples.

    ``unanswerable`` is the number of kept examples whose label says that there is no answer.
    """

    split: str
    read: int = 0
    kept: int = 0
    dropped: Dict[str, List[str]] = field(default_factory=dict)
    repaired: Dict[str, List[str]] = field(default_factory=dict)
    unanswerable: int = 0

    @property
    def dropped_count(self) -> int:
        """How many examples were dropped, each for one reason."""
        return sum(map(len, self.dropped.values()))

    def lines(self) -> List[str]:
        """The report for people, one reason a line."""
        lines = [f"{self.split}: {self.read} read, {self.kept} kept, {self.dropped_count} dropped"]
        if self.unanswerable:
            lines.append(f"  without an answer: {self.unanswerable} of the {self.kept}")
        for verb, reasons in (("dropped", self.dropped), ("repaired", self.repaired)):
            for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
                shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
                lines.append(f"  {verb} {len(ids)}: {reason} ({shown})")
        return lines


def describe_reports(reports: Mapping[str, ReadReport]) -> Dict[str, Any]:
    """The reports of all splits as a manifest has them: ``report``, and how many examples, ``counts``."""
    names = ("read", "kept", "dropped", "repaired")
    return {
        "report": {
            split: {name: getattr(report, name) for name in names} for split, report in reports.items()
        },
        "counts": {split: report.kept for split, report in reports.items()},
    }


def reader_of_data(data_dir: Union[str, Path], config: DataConfig) -> Reader:
    """The reader of ``config.schema``, or of the schema that ``auto`` finds, for the splits of a folder."""
    return with_three_splits(reader_of(told_schema(config, data_dir)), Path(data_dir))


def files_of_split(data_dir: Union[str, Path], split: str, config: DataConfig) -> List[Path]:
    """The raw files of a split, as the reader of ``config.schema`` finds them.

    For a dev that is missing, they are those of train.

    Raises:
        UserError: there are none.
    """
    if split not in SPLITS:
        raise UserError(f"no split is called {split!r}; choose from {', '.join(SPLITS)}")
    reader = reader_of_data(data_dir, config)
    made = split == "dev" and lacks_dev(reader, Path(data_dir))
    files = list(reader.files(Path(data_dir), "train" if made else split))
    if not files:
        raise UserError(f"{data_dir}: no files of {reader.title} for {split}; check --data_dir")
    return files


def read_split(
    data_dir: Union[str, Path], split: str, config: DataConfig, limit: Optional[int] = None
) -> Tuple[List[Example], ReadReport]:
    """All of ``iterate_split`` in memory, and its report."""
    report = ReadReport(split)
    return list(iterate_split(data_dir, report, config, limit)), report


def iterate_split(
    data_dir: Union[str, Path], report: ReadReport, config: DataConfig, limit: Optional[int] = None
) -> Iterator[Example]:
    """Yield a split's usable examples in the order of its files, as they are read.

    Args:
        report: names the split, and is filled meanwhile.
        limit: stop after so many usable examples.

    Raises:
        UserError: no file, an unreadable one, no usable example, or more than ``config.max_dropped`` unusable
            (the last two at the end).
    """
    config = told_data(config, data_dir)
    files = files_of_split(data_dir, report.split, config)
    reader = reader_of_split(reader_of_data(data_dir, config), Path(data_dir), report.split, files)
    parse = CountingParser(reader, files, report.split, config)
    yield from iterate_files(files, report, config, limit, lambda record, name: parse(record), reader)


def iterate_files(
    files: Sequence[Path],
    report: ReadReport,
    config: DataConfig,
    limit: Optional[int],
    parse: Callable[[Any, str], Tuple[Any, List[str]]],
    reader: Optional[Reader] = None,
) -> Iterator[Any]:
    """``iterate_split`` of given files.

    Args:
        parse: (record, what a report calls it) -> something with an ``example_id``, and what had to be
            repaired. Raises Unusable.
        reader: of the files; None = that of ``config.schema``.
    """
    reader = reader or reader_of(config)
    seen: set = set()
    for index, record in enumerate(reader.records(files, report.split)):
        if limit is not None and report.kept >= limit:
            break
        report.read += 1
        name = record_name(reader, record, files, index)
        try:
            example, repairs = parse(record, name)
            if example.example_id in seen:
                raise Unusable(TWICE)
        except Unusable as unusable:
            report.dropped.setdefault(str(unusable), []).append(name)
            continue
        seen.add(example.example_id)
        for repair in repairs:
            report.repaired.setdefault(repair, []).append(name)
        report.kept += 1
        report.unanswerable += isinstance(example, Example) and example.unanswerable
        yield example
    check_dropped(files, report, config)


def record_name(reader: Reader, record: Any, files: Sequence[Path], index: int) -> str:
    """What a report calls a record: its id or, without one, its place in the file (or files)."""
    return reader.record_id(record) or f"{files[0].name}{'...' if files[1:] else ''}[{index}]"


def check_dropped(files: Sequence[Path], report: ReadReport, config: DataConfig) -> None:
    """Raise a UserError if no example of the files is usable, or fewer than ``config`` asks for."""
    where = f"{files[0]}" + (f" and {len(files) - 1} more" if files[1:] else "")
    reasons = "; ".join(f"{reason}: {len(ids)}, first {ids[0]}" for reason, ids in report.dropped.items())
    if not report.kept:
        remedy = "check the file and --setup"
        if report.dropped and set(report.dropped) <= set(WITHOUT_ANSWER) and report.split in SPLITS:
            remedy = (
                f"a split of train, dev or test needs answers; --mode=predict --input={files[0]} answers"
                " questions, and distill.pool learns from them"
            )
        elif set(report.dropped) == {"'example_id' is missing"}:
            remedy = "give each record an 'example_id' of its own, such as 12_3 for the fourth of chat 12"
        raise UserError(f"{where}: no usable example ({reasons or 'the list is empty'}); {remedy}")
    expected = sum(len(ids) for reason, ids in report.dropped.items() if reason in EXPECTED)
    read, dropped = report.read - expected, report.dropped_count - expected
    if dropped > config.max_dropped * read:
        raise UserError(
            f"{where}: {dropped} of {read} examples are unusable, more than the allowed "
            f"share of {config.max_dropped:g} ({reasons}); correct the file"
            # Another option of the data would be other data, with other teachers: no remedy for a pool.
            + (", or go on without them by --set data.max_dropped=1.0" if report.split in SPLITS else "")
        )
