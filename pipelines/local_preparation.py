"""Make the contents of a prepared folder on one machine, which is the default of ``prepare``."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Protocol

from tqdm import tqdm

from pipelines.encoding import EncodedExample, encode
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.parallel import cores, ordered_map
from pipelines.records import INPUTS, TEXTS, longest_inputs
from pipelines.shards import Piece, number_of_shards, write_pieces, write_records
from pipelines.splits import SPLITS, ReadReport, describe_reports, iterate_split
from pipelines.spool import ExampleSpool
from pipelines.vocabulary import Vocabulary
from pipelines.word_counts import WordCounts, count_words, save_vocabularies

logger = logging.getLogger(__name__)

TASK_CHARS = 300_000  # characters that a worker process is given at a time
PIECES = 8  # shards that a task of TASK_CHARS is split over; smaller pieces would compress badly
POOL_CHARS = 4_000_000  # in total; below, starting worker processes does not pay off


class Spool(Protocol):
    """Examples that can be read again in order, such as ``ExampleSpool``."""

    @property
    def characters(self) -> int: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Example]: ...


def fill_folder(
    folder: Path,
    data_dir: Path,
    config: DataConfig,
    glove: str,
    limit: Optional[int],
) -> dict[str, Any]:
    """Read the raw files and write vocabularies, vectors and records, on this machine's cores.

    Examples wait on disk while words are counted, so memory does not grow with the corpus.

    Args:
        folder: existing folder; the other arguments are those of ``prepare``.

    Returns:
        What the manifest says of the contents: ``report``, ``counts``, ``vocabulary``, ``shards``, ``words``,
        ``longest``.
    """
    reports, spools = {}, {}
    for split in SPLITS:
        reports[split], spools[split] = _read(folder, data_dir, split, config, limit)
        for line in reports[split].lines():
            logger.info(line)
    work = sum(spool.characters for spool in spools.values())
    workers = cores() if work >= POOL_CHARS else 1
    vocabularies = save_vocabularies(folder, _count(spools, workers, config.words), config, glove)
    logger.info(vocabularies.line())

    contents = {**describe_reports(reports), "vocabulary": vocabularies.description}
    written = write_spools(folder, spools, vocabularies.words, vocabularies.chars, config)
    for spool in spools.values():
        spool.remove()
    return {**contents, **written}


def write_spools(
    folder: Path, spools: Mapping[str, Spool], words: Vocabulary, chars: Vocabulary, config: DataConfig
) -> dict[str, Any]:
    """Encode the examples of each split and write their records, on this machine's cores.

    Args:
        folder: existing folder.
        spools: the examples by split.
        words, chars: number the words and characters.
        config: options of the data.

    Returns:
        What the manifest says of them: ``shards``, ``words``, ``longest``.
    """
    workers = cores() if sum(spool.characters for spool in spools.values()) >= POOL_CHARS else 1
    contents: dict[str, Any] = {"shards": {}, "words": {}, "longest": dict.fromkeys(INPUTS, 0)}
    shards = {split: number_of_shards(len(spool), config.shard_examples) for split, spool in spools.items()}
    encode_example = partial(encode, words=words, chars=chars, config=config)
    task = partial(_encode_task, encode_example, folder, shards)
    for split, encoded in groupby(_encode(spools, task, shards, workers), key=lambda done: done.split):
        totals = contents["words"][split] = dict.fromkeys(TEXTS, 0)
        pieces = _measure(encoded, totals, contents["longest"])
        files = write_records(folder, split, pieces, config.shard_examples, len(spools[split]))
        contents["shards"][split] = files
        size = sum(file["bytes"] for file in files) / 1e6
        logger.info(f"{split}: {len(spools[split])} examples in {len(files)} shards, {size:.1f} MB")
    return contents


def _read(
    folder: Path, data_dir: Path, split: str, config: DataConfig, limit: Optional[int]
) -> tuple[ReadReport, ExampleSpool]:
    report = ReadReport(split)
    with tqdm(
        iterate_split(data_dir, report, config, limit),
        desc=f"{split}: reading", unit=" examples", disable=None, leave=False,
    ) as examples:  # fmt: skip
        spool = ExampleSpool(folder / f"{split}.spool", examples)
    return report, spool


def _count(spools: dict[str, ExampleSpool], workers: int, rules: str) -> dict[str, WordCounts]:
    """Counts of words in each split; a text that many examples share counts once."""
    counts = {split: WordCounts(Counter(), Counter()) for split in spools}
    with _progress("counting words", sum(map(len, spools.values()))) as bar:
        # All splits share the worker processes: starting them takes a while in a large process.
        tasks = (
            (split, task)
            for split, spool in spools.items()
            for task in _tasks(_distinct_texts(spool, bar), len, TASK_CHARS)
        )
        for split, found in ordered_map(partial(_count_task, rules), tasks, workers):
            counts[split].forms.update(found.forms)
            counts[split].chars.update(found.chars)
    return counts


def _count_task(rules: str, task: tuple[str, Sequence[str]]) -> tuple[str, WordCounts]:
    return task[0], count_words(task[1], rules)


def _distinct_texts(examples: Iterable[Example], bar: tqdm) -> Iterator[str]:
    seen = set()  # digests, since the texts themselves may not fit into memory
    for example in examples:
        for name in TEXTS:
            text = getattr(example, name)
            digest = hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
            if digest not in seen:
                seen.add(digest)
                yield text
        bar.update()


class _Encoded(NamedTuple):
    """The result of a worker for some examples: their records, and the word counts of their texts."""

    split: str
    pieces: list[Piece]
    examples: int
    words: dict[str, int]  # of all together, by text
    longest: dict[str, int]  # of one, by input


def _encode(
    spools: Mapping[str, Spool], function: Callable[[Any], _Encoded], shards: dict[str, int], workers: int
) -> Iterator[_Encoded]:
    """One split after the other, each with at least one task."""

    def tasks() -> Iterator[tuple[str, int, list[Example]]]:
        for split, spool in spools.items():
            first, size = 0, TASK_CHARS * max(1, shards[split] // PIECES)
            of_split = _tasks(spool, lambda example: example.characters, size) if len(spool) else [[]]
            for task in of_split:
                yield split, first, task
                first += len(task)

    with _progress("writing records", sum(map(len, spools.values()))) as bar:
        for done in ordered_map(function, tasks(), workers):
            yield done
            bar.update(done.examples)


def _encode_task(
    function: Callable[[Example], EncodedExample],
    folder: Path,
    shards: dict[str, int],
    task: tuple[str, int, Sequence[Example]],
) -> _Encoded:
    split, first, examples = task
    encoded = [function(example) for example in examples]
    lengths = [{name: len(getattr(example, name)) for name in TEXTS} for example in encoded]
    return _Encoded(
        split=split,
        pieces=write_pieces(folder, split, encoded, first, shards[split]),
        examples=len(encoded),
        words={name: sum(row[name] for row in lengths) for name in TEXTS},
        longest=longest_inputs(lengths),
    )


def _measure(encoded: Iterable[_Encoded], totals: dict[str, int], longest: dict[str, int]) -> Iterator[Piece]:
    """Yield the pieces; add up the words of each text, and keep the longest of each input."""
    for done in encoded:
        for name, words in done.words.items():
            totals[name] += words
        for name, words in done.longest.items():
            longest[name] = max(longest[name], words)
        yield from done.pieces


def _tasks(items: Iterable[Any], size: Callable[[Any], int], limit: int) -> Iterator[list[Any]]:
    """Runs of items of about ``limit`` characters each."""
    task: list[Any] = []
    total = 0
    for item in items:
        task.append(item)
        total += size(item)
        if total >= limit:
            yield task
            task, total = [], 0
    if task:
        yield task


def _progress(what: str, total: int) -> tqdm:
    return tqdm(desc=what, total=total, unit=" examples", disable=None, leave=False)
