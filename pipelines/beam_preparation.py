"""Make the contents of a prepared folder by an Apache Beam pipeline, for data too large for one machine.

Needs ``requirements-beam.txt``. All workers must share the file system of the folder. One worker reads each
split's files in order and numbers the examples; everything after that is distributed. The records are those
of ``local_preparation.fill_folder``, in the same shards.
"""

from __future__ import annotations

import json
import logging
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import AsDict, AsList, AsSingleton, TaggedOutput

from pipelines.encoding import encode
from pipelines.errors import UserError
from pipelines.example import Example, Unusable
from pipelines.folder_reader import reader_of_split
from pipelines.offset_counting import CountingParser
from pipelines.options import DataConfig
from pipelines.readers.reader import Reader
from pipelines.records import INPUTS, TEXTS, longest_inputs, to_proto
from pipelines.shards import number_of_shards, write_shard
from pipelines.splits import (
    SPLITS,
    TWICE,
    ReadReport,
    check_dropped,
    describe_reports,
    files_of_split,
    reader_of_data,
    record_name,
)  # fmt: skip
from pipelines.vocabulary import Vocabulary
from pipelines.word_counts import WordCounts, count_words, save_vocabularies

logger = logging.getLogger(__name__)

SUMMARY = "summary.json"  # what the pipeline found, for the process that started it


class _Read(NamedTuple):
    """An example, its place in the file, what the report calls it, and what was repaired."""

    place: int
    name: str
    example: Example
    repairs: list[str]


class _Dropped(NamedTuple):
    place: int
    name: str
    reason: str


def beam_filler(options: Sequence[str]) -> Callable[..., dict[str, Any]]:
    """A function that does what ``local_preparation.fill_folder`` does, as a Beam pipeline.

    Args:
        options: of Beam, such as ``--runner=FlinkRunner``.
    """

    def fill(
        folder: Path,
        data_dir: Path,
        config: DataConfig,
        glove: str,
        limit: Optional[int],
    ) -> dict[str, Any]:
        files = {split: files_of_split(data_dir, split, config) for split in SPLITS}
        try:
            with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
                schema = reader_of_data(data_dir, config)
                readers = {
                    split: reader_of_split(schema, data_dir, split, found) for split, found in files.items()
                }
                _build(pipeline, folder, files, readers, config, glove, limit)
        except Exception as error:  # runners wrap what a worker raises in errors of their own
            fault = re.search(
                r"UserError: (.*?)(?: \[while running|\n|$)", f"{type(error).__name__}: {error}"
            )
            if fault:
                raise UserError(fault[1]) from error
            raise
        contents = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        (folder / SUMMARY).unlink()
        for split in SPLITS:
            report = ReadReport(split, **contents["report"][split])
            for line in report.lines():
                logger.info(line)
            check_dropped(files[split], report, config)
        return contents

    return fill


def _build(
    pipeline: beam.Pipeline,
    folder: Path,
    files: Mapping[str, Sequence[Path]],
    readers: Mapping[str, Reader],
    config: DataConfig,
    glove: str,
    limit: Optional[int],
) -> None:
    read = (
        pipeline
        | "files" >> beam.Create(sorted(files.items()))
        # The readers themselves: a worker's registry lacks those of plugins.
        | "read" >> beam.FlatMap(_read, readers, config).with_outputs("dropped", main="usable")
    )
    single = (
        read.usable
        | "by id" >> beam.GroupByKey()
        | "first of each id" >> beam.FlatMap(_first).with_outputs("dropped", main="kept")
    )
    kept = single.kept | "places" >> beam.Map(lambda item: (item[0], item[1].place))
    places = AsDict(kept | "by split" >> beam.GroupByKey() | beam.Map(_places, limit))
    ranked = single.kept | "rank" >> beam.FlatMap(_rank, places) | beam.Reshuffle()

    counted = (
        ranked
        | "texts" >> beam.FlatMap(lambda item: [(item[0], getattr(item[2].example, t)) for t in TEXTS])
        | beam.Distinct()
        | "count words" >> beam.FlatMap(_count, config.words)
        | beam.CombinePerKey(sum)
    )
    start = pipeline | beam.Create([None])
    vocabulary = start | "vocabularies" >> beam.Map(
        lambda _, counts: _save_vocabularies(counts, folder, config, glove), AsDict(counted)
    )
    written = (
        ranked
        | "encode" >> beam.ParDo(_Encode(folder, config), places, AsSingleton(vocabulary))
        | "by shard" >> beam.GroupByKey()
        | "write" >> beam.Map(_write, places, folder, config)
    )
    dropped = (read.dropped, single.dropped) | beam.Flatten()
    repaired = ranked | "repairs" >> beam.FlatMap(_repairs)
    start | "summary" >> beam.Map(
        _summarise,
        folder=folder,
        places=places,
        dropped=AsList(dropped),
        repaired=AsList(repaired),
        vocabulary=AsSingleton(vocabulary),
        written=AsList(written),
        limit=limit,
    )


def _read(
    item: tuple[str, Sequence[Path]], readers: Mapping[str, Reader], config: DataConfig
) -> Iterator[Any]:
    """((split, example id), what was read) of every usable record; the others as "dropped"."""
    split, files = item
    reader = readers[split]
    parse = CountingParser(reader, files, split, config)
    for index, record in enumerate(reader.records(files, split)):
        name = record_name(reader, record, files, index)
        try:
            example, repairs = parse(record)
        except Unusable as unusable:
            yield TaggedOutput("dropped", (split, _Dropped(index, name, str(unusable))))
        else:
            yield (split, example.example_id), _Read(index, name, example, repairs)


def _first(item: tuple[tuple[str, str], Iterable[_Read]]) -> Iterator[Any]:
    (split, _), found = item
    first, *others = sorted(found, key=lambda read: read.place)
    yield split, first
    for other in others:
        yield TaggedOutput("dropped", (split, _Dropped(other.place, other.name, TWICE)))


def _places(item: tuple[str, Iterable[int]], limit: Optional[int]) -> tuple[str, list[int]]:
    """Places in the files of the kept examples, in order; an example's rank is its index in this list."""
    split, indices = item
    return split, sorted(indices)[:limit]


def _rank(item: tuple[str, _Read], places: Mapping[str, list[int]]) -> Iterator[tuple[str, int, _Read]]:
    split, read = item
    rank = bisect_left(places[split], read.place)
    if rank < len(places[split]):  # else it is beyond the limit
        yield split, rank, read


def _count(item: tuple[str, str], rules: str) -> Iterator[tuple[tuple[str, str, str], int]]:
    split, text = item
    for kind, counts in count_words([text], rules)._asdict().items():
        for entry, n in counts.items():
            yield (split, kind, entry), n


def _save_vocabularies(
    counted: Mapping[tuple[str, str, str], int], folder: Path, config: DataConfig, glove: str
) -> dict[str, Any]:
    counts = {split: WordCounts(Counter(), Counter()) for split in SPLITS}
    for (split, kind, entry), n in counted.items():
        getattr(counts[split], kind)[entry] = n
    return save_vocabularies(folder, counts, config, glove).description


class _Encode(beam.DoFn):
    """((split, shard), (rank, record, words of each text)) of examples, once the vocabularies are saved."""

    def __init__(self, folder: Path, config: DataConfig):
        self._folder, self._config = folder, config
        self._vocabularies: Optional[tuple[Vocabulary, Vocabulary]] = None

    def process(
        self, item: tuple[str, int, _Read], places: Mapping[str, list[int]], saved: Any
    ) -> Iterator[tuple[tuple[str, int], tuple[int, bytes, list[int]]]]:
        del saved  # waits for the files that are read here
        if self._vocabularies is None:  # once a worker, since they are large
            words, chars = (Vocabulary.load(self._folder / f"{name}.txt") for name in ("words", "chars"))
            self._vocabularies = words, chars
        split, rank, read = item
        words, chars = self._vocabularies
        encoded = encode(read.example, words, chars, self._config)
        shards = number_of_shards(len(places[split]), self._config.shard_examples)
        yield (split, rank % shards), (rank, to_proto(encoded), [len(getattr(encoded, t)) for t in TEXTS])


def _write(
    item: tuple[tuple[str, int], Iterable[tuple[int, bytes, list[int]]]],
    places: Mapping[str, list[int]],
    folder: Path,
    config: DataConfig,
) -> dict[str, Any]:
    """Write a shard; what the manifest says of it, and of the lengths of its texts."""
    (split, shard), found = item
    rows = sorted(found, key=lambda row: row[0])
    shards = number_of_shards(len(places[split]), config.shard_examples)
    lengths = [dict(zip(TEXTS, row[2])) for row in rows]
    return {
        "split": split,
        "shard": write_shard(folder, split, shard, shards, [row[1] for row in rows]),
        "words": {name: sum(row[name] for row in lengths) for name in TEXTS},
        "longest": longest_inputs(lengths),
    }


def _repairs(item: tuple[str, int, _Read]) -> Iterator[tuple[str, int, str, str]]:
    split, rank, read = item
    for reason in read.repairs:
        yield split, rank, reason, read.name


def _summarise(
    nothing: None,
    folder: Path,
    places: Mapping[str, list[int]],
    dropped: Sequence[tuple[str, _Dropped]],
    repaired: Sequence[tuple[str, int, str, str]],
    vocabulary: dict[str, Any],
    written: Sequence[dict[str, Any]],
    limit: Optional[int],
) -> None:
    """Write what ``fill_folder`` returns."""
    del nothing
    reports = {}
    for split in SPLITS:
        kept = places.get(split, [])
        report = reports[split] = ReadReport(split, kept=len(kept))
        drops: dict[str, list[str]] = defaultdict(list)
        for drop in sorted(each for of, each in dropped if of == split):
            # Reading stops at the last example within the limit; later records were never read.
            if limit is None or len(kept) < limit or drop.place < kept[-1]:
                drops[drop.reason].append(drop.name)
        repairs: dict[str, list[str]] = defaultdict(list)
        for _, reason, name in sorted(each[1:] for each in repaired if each[0] == split):
            repairs[reason].append(name)
        report.dropped, report.repaired = dict(drops), dict(repairs)
        report.read = report.kept + report.dropped_count
    ordered = sorted(written, key=lambda shard: shard["shard"]["file"])
    contents = {
        **describe_reports(reports),
        "vocabulary": vocabulary,
        "shards": {
            split: [shard["shard"] for shard in ordered if shard["split"] == split] for split in SPLITS
        },
        "words": {
            split: {n: sum(shard["words"][n] for shard in ordered if shard["split"] == split) for n in TEXTS}
            for split in SPLITS
        },
        "longest": {name: max(shard["longest"][name] for shard in ordered) for name in INPUTS},
    }
    (folder / SUMMARY).write_text(json.dumps(contents), encoding="utf-8")
