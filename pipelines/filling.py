"""The contents of a prepared folder, made on one machine: what ``prepare`` does unless told otherwise."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from tqdm import tqdm

from pipelines.config import DataConfig
from pipelines.encoding import EncodedExample, encode
from pipelines.holle import SPLITS, Example
from pipelines.parallel import cores, ordered_map
from pipelines.records import (
    INPUTS,
    TEXTS,
    Piece,
    longest_inputs,
    number_of_shards,
    write_pieces,
    write_records,
)  # fmt: skip
from pipelines.splits import ReadReport, describe_reports, iterate_split
from pipelines.spool import ExampleSpool
from pipelines.word_counts import WordCounts, count_words, save_vocabularies

TASK_CHARS = 300_000  # characters that a worker process is given at a time
PIECES = 8  # shards for which a task is enough: what is compressed together should not become too little
POOL_CHARS = 4_000_000  # fewer in all are not worth starting worker processes


def fill_folder(
    folder: Path,
    data_dir: Path,
    config: DataConfig,
    glove: str,
    limit: Optional[int],
    log: Callable[[str], Any],
) -> dict[str, Any]:
    """Read the raw files and write vocabularies, vectors and records, on this machine's cores.

    What was read waits on the disk, not in memory, for the words of all texts to be counted.

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
            log(line)
    work = sum(spool.characters for spool in spools.values())
    workers = cores() if work >= POOL_CHARS else 1
    counts = {split: _count(split, spool, workers) for split, spool in spools.items()}
    vocabularies = save_vocabularies(folder, counts, config, glove)
    log(vocabularies.line())

    contents = {**describe_reports(reports), "vocabulary": vocabularies.description}
    contents.update(shards={}, words={}, longest=dict.fromkeys(INPUTS, 0))
    encode_one = partial(encode, words=vocabularies.words, chars=vocabularies.chars, config=config)
    for split, spool in spools.items():
        shards = number_of_shards(len(spool), config.shard_examples)
        totals = contents["words"][split] = dict.fromkeys(TEXTS, 0)
        task = partial(_encode_task, encode_one, folder, shards)
        pieces = _encode(split, spool, task, shards, workers, totals, contents["longest"])
        contents["shards"][split] = write_records(folder, split, pieces, config.shard_examples, len(spool))
        spool.remove()
        size = sum(shard["bytes"] for shard in contents["shards"][split]) / 1e6
        log(f"{split}: {len(spool)} examples in {shards} shards, {size:.1f} MB")
    return contents


def _read(
    folder: Path, data_dir: Path, split: str, config: DataConfig, limit: Optional[int]
) -> tuple[ReadReport, ExampleSpool]:
    report, spool = ReadReport(split), ExampleSpool(folder / f"{split}.spool")
    with _progress(f"{split}: reading", None) as bar:
        for example in iterate_split(data_dir, report, config, limit):
            spool.append(example)
            bar.update()
    return report, spool


def _count(split: str, examples: ExampleSpool, workers: int) -> WordCounts:
    """Counts of words; a text that many examples share counts once."""
    counts = WordCounts(Counter(), Counter())
    with _progress(f"{split}: counting words", len(examples)) as bar:
        texts = _distinct_texts(examples, bar)
        for found in ordered_map(count_words, _tasks(texts, len, TASK_CHARS), workers):
            counts.forms.update(found.forms)
            counts.chars.update(found.chars)
    return counts


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
    """What a worker made of some examples: their records, and how many words their texts have."""

    pieces: list[Piece]
    examples: int
    words: dict[str, int]  # of all together, by text
    longest: dict[str, int]  # of one, by input


def _encode(
    split: str,
    examples: ExampleSpool,
    function: Callable[[tuple[int, list[Example]]], _Encoded],
    shards: int,
    workers: int,
    totals: dict[str, int],
    longest: dict[str, int],
) -> Iterator[Piece]:
    """The pieces of a split's records; adds up the words of each text, keeps the longest of each input."""
    size = TASK_CHARS * max(1, shards // PIECES)
    tasks = _tasks(examples, lambda example: example.characters, size)
    with _progress(f"{split}: writing records", len(examples)) as bar:
        for done in ordered_map(function, _numbered(tasks), workers):
            for name, words in done.words.items():
                totals[name] += words
            for name, words in done.longest.items():
                longest[name] = max(longest[name], words)
            yield from done.pieces
            bar.update(done.examples)


def _numbered(tasks: Iterable[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
    """Each task with the index of its first item."""
    first = 0
    for task in tasks:
        yield first, task
        first += len(task)


def _encode_task(
    function: Callable[[Example], EncodedExample],
    folder: Path,
    shards: int,
    numbered: tuple[int, Sequence[Example]],
) -> _Encoded:
    first, examples = numbered
    encoded = [function(example) for example in examples]
    lengths = [{name: len(getattr(one, name)) for name in TEXTS} for one in encoded]
    return _Encoded(
        pieces=write_pieces(folder, encoded, first, shards),
        examples=len(encoded),
        words={name: sum(one[name] for one in lengths) for name in TEXTS},
        longest=longest_inputs(lengths),
    )


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


def _progress(what: str, total: Optional[int]) -> tqdm:
    return tqdm(desc=what, total=total, unit=" examples", disable=None, leave=False)
