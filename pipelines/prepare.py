"""From a folder of raw chats to a folder of prepared data: vocabularies, vectors, records, manifest.

The folder's name ends in the fingerprint of all that decides its contents, so that a folder is either
right or not there. It is written under another name and renamed once it is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Union

import numpy as np
from tqdm import tqdm

from pipelines.atomic import atomic_folder, file_sha256
from pipelines.config import DataConfig
from pipelines.encoding import EncodedExample, encode
from pipelines.errors import UserError
from pipelines.glove import embedding_matrix, read_glove
from pipelines.holle import SPLITS, Example, find_split, read_split
from pipelines.manifest import SCHEMA_VERSION, PreparedData, write_manifest
from pipelines.parallel import cores, ordered_map
from pipelines.records import INPUTS, TEXTS, Piece, number_of_shards, write_pieces, write_records
from pipelines.stale import remove_stale
from pipelines.tokenizer import lookup_form, token_texts
from pipelines.vocabulary import Vocabulary, build_char_vocabulary, build_word_vocabulary

NO_GLOVE = "none"
GLOVE_HOMEPAGE = "https://nlp.stanford.edu/projects/glove/"
TASK_CHARS = 300_000  # characters that a worker process is given at a time
POOL_CHARS = 4_000_000  # fewer in all are not worth starting worker processes

__all__ = ["PreparedData", "fingerprint_of", "prepare"]


def prepare(
    data_dir: Union[str, Path],
    out_root: Union[str, Path],
    config: DataConfig,
    glove: Optional[str],
    limit: Optional[int] = None,
    allow_dropped: bool = False,
    log: Callable[[str], Any] = print,
) -> PreparedData:
    """Prepare one setup of a data set, or return at once what was prepared before from the same input.

    Args:
      data_dir: folder with the raw train, dev and test files.
      out_root: folder that gets ``<setup>-<first 10 digits of the fingerprint>``.
      config: options of the data.
      glove: GloVe file, or "none" to learn the word vectors.
      limit: only the first usable examples of each split.
      allow_dropped: go on however many examples are unusable.
      log: is called with each line of the report.

    Raises:
      UserError: input that is missing, broken or unusable; no word on GloVe; a prepared folder that was
        damaged since; a full disk.
    """
    if glove is None:
        raise UserError(
            "no word vectors: give --glove=PATH (glove.6B.zip is at "
            f"{GLOVE_HOMEPAGE}), or --glove={NO_GLOVE} to learn them from the chats"
        )
    out_root = Path(out_root)
    fingerprint, sources = fingerprint_of(data_dir, config, glove, limit)
    folder = out_root / f"{config.setup}-{fingerprint[:10]}"
    if folder.exists():
        log(f"{folder}: prepared before from the same input")
        return PreparedData.load(folder)
    for removed in remove_stale(out_root):
        log(f"{removed}: removed, it was left by a run that was killed")
    try:
        with atomic_folder(folder) as temporary:
            manifest = {
                "schema_version": SCHEMA_VERSION,
                "fingerprint": fingerprint,
                "config": asdict(config),
                "limit": limit,
                "glove": NO_GLOVE if glove == NO_GLOVE else Path(glove).name,
                "sources": sources,
            }
            splits = _read(data_dir, config, limit, allow_dropped, manifest, log)
            _write(temporary, splits, config, glove, manifest, log)
            if folder.exists():
                raise _ByAnother
    except _ByAnother:
        log(f"{folder}: another process prepared it meanwhile")
    return PreparedData.load(folder)


def fingerprint_of(
    data_dir: Union[str, Path], config: DataConfig, glove: str, limit: Optional[int]
) -> tuple[str, dict[str, str]]:
    """Digest of all that decides the prepared contents: schema, options, limit, and the content of the files.

    Returns:
      64 hex digits, and the SHA-256 of each source file by its role (train, dev, test, glove).
    """
    sources = {split: file_sha256(find_split(data_dir, split)) for split in SPLITS}
    sources["glove"] = NO_GLOVE if glove == NO_GLOVE else file_sha256(glove)
    decisive = {
        "schema_version": SCHEMA_VERSION,
        "config": asdict(config),
        "limit": limit,
        "sources": sources,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest(), sources


class _ByAnother(Exception):
    """The folder appeared while this process was writing its own."""


def _read(
    data_dir: Union[str, Path],
    config: DataConfig,
    limit: Optional[int],
    allow_dropped: bool,
    manifest: dict[str, Any],
    log: Callable[[str], Any],
) -> dict[str, list[Example]]:
    """Read all splits, and note in the manifest what was dropped and repaired."""
    reading = replace(config, max_dropped=1.0) if allow_dropped else config
    splits, reports = {}, {}
    for split in SPLITS:
        splits[split], report = read_split(data_dir, split, reading, limit)
        for line in report.lines():
            log(line)
        reports[split] = {key: getattr(report, key) for key in ("read", "kept", "dropped", "repaired")}
    manifest["report"] = reports
    manifest["counts"] = {split: len(examples) for split, examples in splits.items()}
    return splits


def _write(
    folder: Path,
    splits: dict[str, list[Example]],
    config: DataConfig,
    glove: str,
    manifest: dict[str, Any],
    log: Callable[[str], Any],
) -> None:
    """Fill the folder; the manifest goes last."""
    work = sum(map(_size, (example for examples in splits.values() for example in examples)))
    workers = cores() if work >= POOL_CHARS else 1
    counts = _count(splits, workers)
    words, vectors = _word_vocabulary({split: count[0] for split, count in counts.items()}, config, glove)
    chars = build_char_vocabulary(counts["train"][1], config.min_char_count)
    manifest["vocabulary"] = {
        "words": len(words),
        "chars": len(chars),
        "coverage": {split: _coverage(count[0], words) for split, count in counts.items()},
    }
    covered = ", ".join(f"{100 * share:.1f} % {s}" for s, share in manifest["vocabulary"]["coverage"].items())
    log(f"{len(words)} words, {len(chars)} characters; words of the texts that have a vector: {covered}")

    words.save(folder / "words.txt")
    chars.save(folder / "chars.txt")
    np.save(folder / "embeddings.npy", embedding_matrix(words, vectors, config.word_dim))
    manifest["shards"], manifest["words"] = {}, {}
    manifest["longest"] = dict.fromkeys(INPUTS, 0)
    shards = {split: number_of_shards(len(all_), config.shard_examples) for split, all_ in splits.items()}
    task = partial(_encode_task, partial(encode, words=words, chars=chars, config=config), folder, shards)
    for split, encoded in groupby(_encode(splits, task, workers), key=lambda done: done.split):
        totals = manifest["words"][split] = dict.fromkeys(TEXTS, 0)
        pieces = _measure(encoded, totals, manifest["longest"])
        files = write_records(folder, split, pieces, config.shard_examples, len(splits[split]))
        manifest["shards"][split] = files
        size = sum(file["bytes"] for file in files) / 1e6
        log(f"{split}: {len(splits[split])} examples in {len(files)} shards, {size:.1f} MB")
    write_manifest(folder, manifest)


def _word_vocabulary(
    counts: dict[str, Counter], config: DataConfig, glove: str
) -> tuple[Vocabulary, dict[str, np.ndarray]]:
    if glove == NO_GLOVE:  # only what training sees can be learned
        return build_word_vocabulary(counts["train"], None, config.min_word_count), {}
    total = sum(counts.values(), Counter())
    vectors = read_glove(glove, set(total), config.word_dim)
    return build_word_vocabulary(total, set(vectors), 1), vectors


def _coverage(counts: Counter, words: Vocabulary) -> float:
    return sum(n for form, n in counts.items() if form in words) / max(1, sum(counts.values()))


def _count(splits: dict[str, list[Example]], workers: int) -> dict[str, tuple[Counter, Counter]]:
    """Counts of lookup forms and of characters in each split; a text that many examples share counts once."""
    counts: dict[str, tuple[Counter, Counter]] = {split: (Counter(), Counter()) for split in splits}
    texts = {
        split: list(dict.fromkeys(getattr(example, name) for example in examples for name in TEXTS))
        for split, examples in splits.items()
    }
    # All splits through the same worker processes: starting those of a large process takes a while.
    tasks = ((split, task) for split in texts for task in _tasks(texts[split], len))
    with _progress("counting words", sum(map(len, texts.values())), "texts") as bar:
        for split, done, tokens in ordered_map(_count_tokens, tasks, workers):
            forms, chars = counts[split]
            for token, n in tokens.items():
                forms[lookup_form(token)] += n
                for char in token:
                    chars[char] += n
            bar.update(done)
    return counts


def _count_tokens(task: tuple[str, Sequence[str]]) -> tuple[str, int, Counter]:
    split, texts = task
    counts: Counter = Counter()
    for text in texts:
        counts.update(token_texts(text.replace("\0", "\ufffd")))  # as `encode` does
    return split, len(texts), counts


class _Encoded(NamedTuple):
    """What a worker made of some examples: their records, and how many words their texts have."""

    split: str
    pieces: list[Piece]
    examples: int
    words: dict[str, int]  # of all together, by text
    longest: dict[str, int]  # of one, by input


def _encode(
    splits: dict[str, list[Example]], function: Callable[[Any], _Encoded], workers: int
) -> Iterator[_Encoded]:
    """One split after the other, each with at least one task."""

    def tasks() -> Iterator[tuple[str, int, list[Example]]]:
        for split, examples in splits.items():
            first = 0
            for task in _tasks(examples, _size) if examples else [[]]:
                yield split, first, task
                first += len(task)

    with _progress("writing records", sum(map(len, splits.values())), "examples") as bar:
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
    lengths = [{name: len(getattr(one, name)) for name in TEXTS} for one in encoded]
    joined = {name: [sum(one[part] for part in parts) for one in lengths] for name, parts in INPUTS.items()}
    return _Encoded(
        split=split,
        pieces=write_pieces(folder, split, encoded, first, shards[split]),
        examples=len(encoded),
        words={name: sum(one[name] for one in lengths) for name in TEXTS},
        longest={name: max(words, default=0) for name, words in joined.items()},
    )


def _measure(encoded: Iterable[_Encoded], totals: dict[str, int], longest: dict[str, int]) -> Iterator[Piece]:
    """Hand the pieces on, adding up the words of each text and keeping the longest of each input."""
    for done in encoded:
        for name, words in done.words.items():
            totals[name] += words
        for name, words in done.longest.items():
            longest[name] = max(longest[name], words)
        yield from done.pieces


def _tasks(items: Iterable[Any], size: Callable[[Any], int]) -> Iterator[list[Any]]:
    """Runs of items of about ``TASK_CHARS`` each."""
    task: list[Any] = []
    total = 0
    for item in items:
        task.append(item)
        total += size(item)
        if total >= TASK_CHARS:
            yield task
            task, total = [], 0
    if task:
        yield task


def _size(example: Example) -> int:
    return sum(len(getattr(example, name)) for name in TEXTS)


def _progress(what: str, total: int, unit: str) -> tqdm:
    return tqdm(desc=what, total=total, unit=f" {unit}", disable=None, leave=False)
