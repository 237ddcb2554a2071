"""Make the contents of a prepared folder by Apache Beam pipelines, for data too large for one machine.

Needs ``requirements-beam.txt``. All workers must share the file system of the raw files and the folder. There
are three pipelines, one after the other:

1. One worker reads each split's files in order and writes the examples to parts on the disk.
2. The words of all parts are counted.
3. The parts are encoded, and written as shards.

What a pipeline finds goes through a file in the folder, not through side inputs (``beam_pipeline``). The
records are those of ``local_preparation.fill_folder``, in the same shards.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.beam_pipeline import found_by_pipeline
from pipelines.encoding import encode
from pipelines.folder_reader import reader_of_split
from pipelines.offset_counting import CountingParser
from pipelines.options import DataConfig
from pipelines.readers.reader import Reader
from pipelines.records import INPUTS, TEXTS, longest_inputs, to_proto
from pipelines.shards import number_of_shards, write_shard
from pipelines.splits import (
    SPLITS,
    ReadReport,
    check_dropped,
    describe_reports,
    files_of_split,
    iterate_files,
    reader_of_data,
)  # fmt: skip
from pipelines.spool import ExampleSpool
from pipelines.vocabulary import Vocabulary
from pipelines.word_counts import WordCounts, count_words, save_vocabularies

logger = logging.getLogger(__name__)

PART_EXAMPLES = 1000  # that a worker is given at a time


class _Read(NamedTuple):
    """What was read of a split: the report, and the examples in parts."""

    report: ReadReport
    parts: list[ExampleSpool]


class _Part(NamedTuple):
    """Consecutive examples of a split, and the number of the first of them."""

    split: str
    first: int
    examples: ExampleSpool


def beam_filler(options: Sequence[str]) -> Callable[..., dict[str, Any]]:
    """A function that does what ``local_preparation.fill_folder`` does, by Beam pipelines.

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
        # Workers may be in other working directories.
        folder, data_dir = folder.resolve(), data_dir.resolve()
        read = _read(options, folder, data_dir, config, limit)
        parts = [
            _Part(split, first, examples)
            for split in SPLITS
            for first, examples in zip(
                accumulate((len(part) for part in read[split].parts), initial=0), read[split].parts
            )
        ]
        vocabularies = save_vocabularies(folder, _count(options, folder, parts, config), config, glove)
        logger.info(vocabularies.line())
        reports = {split: read[split].report for split in SPLITS}
        written = _write(options, folder, parts, config)
        for part in parts:
            part.examples.remove()
        return {**describe_reports(reports), "vocabulary": vocabularies.description, **written}

    return fill


def _read(
    options: Sequence[str], folder: Path, data_dir: Path, config: DataConfig, limit: Optional[int]
) -> dict[str, _Read]:
    files = {split: files_of_split(data_dir, split, config) for split in SPLITS}
    schema = reader_of_data(data_dir, config)
    # The readers themselves: a worker's registry lacks those of plugins.
    readers = {split: reader_of_split(schema, data_dir, split, found) for split, found in files.items()}

    def build(pipeline: beam.Pipeline) -> PCollection:
        return (
            pipeline
            | "files" >> beam.Create(sorted(files.items()))
            | "share" >> beam.Reshuffle()
            | "read" >> beam.Map(_read_split, readers, config, limit, folder)
        )

    found = dict(found_by_pipeline(options, folder, build))
    for split in SPLITS:
        for line in found[split].report.lines():
            logger.info(line)
        check_dropped(files[split], found[split].report, config)
    return found


def _read_split(
    item: tuple[str, Sequence[Path]],
    readers: Mapping[str, Reader],
    config: DataConfig,
    limit: Optional[int],
    folder: Path,
) -> tuple[str, _Read]:
    split, files = item
    reader, report = readers[split], ReadReport(split)
    parse = CountingParser(reader, files, split, config)
    # Whether too many are dropped is checked later, once the reports of all splits are shown.
    lenient = replace(config, max_dropped=1.0)
    examples = iterate_files(files, report, lenient, limit, lambda record, name: parse(record), reader)
    parts: list[ExampleSpool] = []
    while True:
        part = ExampleSpool(folder / f"{split}-{len(parts)}.spool", islice(examples, PART_EXAMPLES))
        if not len(part):
            part.remove()
            return split, _Read(report, parts)
        parts.append(part)


def _count(
    options: Sequence[str], folder: Path, parts: Sequence[_Part], config: DataConfig
) -> dict[str, WordCounts]:
    """Counts of words in each split; a text that many examples share counts once."""

    def build(pipeline: beam.Pipeline) -> PCollection:
        return (
            pipeline
            | "parts" >> beam.Create(list(parts))
            | "share" >> beam.Reshuffle()
            | "texts" >> beam.FlatMap(_texts)
            | "distinct" >> beam.Distinct()
            | "words" >> beam.FlatMap(_words, config.words)
            | "sums" >> beam.CombinePerKey(sum)
        )

    counts = {split: WordCounts(Counter(), Counter()) for split in SPLITS}
    for (split, kind, entry), number in found_by_pipeline(options, folder, build):
        getattr(counts[split], kind)[entry] = number
    return counts


def _texts(part: _Part) -> Iterator[tuple[str, str]]:
    yield from {(part.split, getattr(example, name)): None for example in part.examples for name in TEXTS}


def _words(item: tuple[str, str], rules: str) -> Iterator[tuple[tuple[str, str, str], int]]:
    split, text = item
    for kind, counts in count_words([text], rules)._asdict().items():
        for entry, number in counts.items():
            yield (split, kind, entry), number


def _write(
    options: Sequence[str], folder: Path, parts: Sequence[_Part], config: DataConfig
) -> dict[str, Any]:
    """Write the shards; what the manifest says of them: ``shards``, ``words``, ``longest``."""
    examples = {split: sum(len(part.examples) for part in parts if part.split == split) for split in SPLITS}
    shards = {split: number_of_shards(count, config.shard_examples) for split, count in examples.items()}

    def build(pipeline: beam.Pipeline) -> PCollection:
        return (
            pipeline
            | "parts" >> beam.Create(list(parts))
            | "share" >> beam.Reshuffle()
            | "encode" >> beam.ParDo(_Encode(folder, config, shards))
            | "by shard" >> beam.GroupByKey()
            | "write" >> beam.Map(_write_shard, folder, shards)
        )

    written = sorted(found_by_pipeline(options, folder, build), key=lambda shard: shard["shard"]["file"])
    by_split = {split: [shard for shard in written if shard["split"] == split] for split in SPLITS}
    return {
        "shards": {split: [shard["shard"] for shard in found] for split, found in by_split.items()},
        "words": {
            split: {name: sum(shard["words"][name] for shard in found) for name in TEXTS}
            for split, found in by_split.items()
        },
        "longest": {name: max(shard["longest"][name] for shard in written) for name in INPUTS},
    }


class _Encode(beam.DoFn):
    """((split, shard), (number, record, words of each text)) of the examples of a part."""

    def __init__(self, folder: Path, config: DataConfig, shards: Mapping[str, int]):
        self._folder, self._config, self._shards = folder, config, shards
        self._vocabularies: Optional[tuple[Vocabulary, Vocabulary]] = None

    def setup(self) -> None:
        """Load the vocabularies once for all parts of a worker."""
        words, chars = (Vocabulary.load(self._folder / f"{name}.txt") for name in ("words", "chars"))
        self._vocabularies = words, chars

    def process(self, part: _Part) -> Iterator[tuple[tuple[str, int], tuple[int, bytes, list[int]]]]:
        assert self._vocabularies is not None
        for number, example in enumerate(part.examples, part.first):
            encoded = encode(example, *self._vocabularies, self._config)
            lengths = [len(getattr(encoded, name)) for name in TEXTS]
            yield (part.split, number % self._shards[part.split]), (number, to_proto(encoded), lengths)


def _write_shard(
    item: tuple[tuple[str, int], Iterable[tuple[int, bytes, list[int]]]],
    folder: Path,
    shards: Mapping[str, int],
) -> dict[str, Any]:
    """Write a shard; what the manifest says of it, and of the lengths of its texts."""
    (split, shard), found = item
    rows = sorted(found, key=lambda row: row[0])
    lengths = [dict(zip(TEXTS, row[2])) for row in rows]
    return {
        "split": split,
        "shard": write_shard(folder, split, shard, shards[split], [row[1] for row in rows]),
        "words": {name: sum(row[name] for row in lengths) for name in TEXTS},
        "longest": longest_inputs(lengths),
    }
