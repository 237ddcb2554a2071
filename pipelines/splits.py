"""The raw files of a data set, one for each split, read with every unusable example counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.json_records import iterate_records
from pipelines.options import DataConfig
from pipelines.readers.holle import SPLITS, Unusable, as_text, parse_record

ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz")  # of a split's file, the first that is there is read
HOMEPAGE = "https://github.com/nikitacs16/Holl-E"
TWICE = "example_id occurs twice"  # why the second one is dropped


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


def describe_reports(reports: Mapping[str, ReadReport]) -> Dict[str, Any]:
    """The reports of all splits as a manifest has them: ``report``, and how many examples, ``counts``."""
    names = ("read", "kept", "dropped", "repaired")
    return {
        "report": {
            split: {name: getattr(report, name) for name in names} for split, report in reports.items()
        },
        "counts": {split: report.kept for split, report in reports.items()},
    }


def find_split(data_dir: Union[str, Path], split: str) -> Path:
    """The file of a split: a JSON list or JSON lines, plain or compressed.

    Raises:
        UserError: there is none.
    """
    if split not in SPLITS:
        raise UserError(f"no split is called {split!r}; choose from {', '.join(SPLITS)}")
    stem = Path(data_dir) / f"{split}_data"
    for ending in ENDINGS:
        path = stem.with_name(stem.name + ending)
        if path.is_file():
            return path
    raise UserError(
        f"{stem}.json: no such file, nor one ending in {', '.join(ENDINGS[1:])}; Holl-E has to be downloaded "
        f"by hand (see {HOMEPAGE}) and its three files put into the folder that --data_dir names"
    )


def read_split(
    data_dir: Union[str, Path], split: str, config: DataConfig, limit: Optional[int] = None
) -> Tuple[List[Example], ReadReport]:
    """All of ``iterate_split`` in memory, and its report."""
    report = ReadReport(split)
    return list(iterate_split(data_dir, report, config, limit)), report


def iterate_split(
    data_dir: Union[str, Path], report: ReadReport, config: DataConfig, limit: Optional[int] = None
) -> Iterator[Example]:
    """Give a split's usable examples in the order of the file, as they are read.

    Args:
        report: names the split, and is filled meanwhile.
        limit: stop after so many usable examples.

    Raises:
        UserError: no or an unreadable file, no usable example, or more than ``config.max_dropped`` unusable
            (the last two at the end).
    """
    path = find_split(data_dir, report.split)
    seen: set = set()
    for index, record in enumerate(iterate_records(path)):
        if limit is not None and report.kept >= limit:
            break
        report.read += 1
        name = record_name(record, path, index)
        try:
            example, repairs = parse_record(record, config)
            if example.example_id in seen:
                raise Unusable(TWICE)
        except Unusable as unusable:
            report.dropped.setdefault(str(unusable), []).append(name)
            continue
        seen.add(example.example_id)
        for repair in repairs:
            report.repaired.setdefault(repair, []).append(name)
        report.kept += 1
        yield example
    check_dropped(path, report, config)


def record_name(record: Any, path: Path, index: int) -> str:
    """What a report calls a record: its id or, without one, its place in the file."""
    return (isinstance(record, dict) and as_text(record.get("example_id"))) or f"{path.name}[{index}]"


def check_dropped(path: Path, report: ReadReport, config: DataConfig) -> None:
    """Raise a UserError if no example of the file is usable, or fewer than ``config`` asks for."""
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
