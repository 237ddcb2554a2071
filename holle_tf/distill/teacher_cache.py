"""A teacher's logits for a data set, computed once and read back beside the examples.

All students of a teacher then share the cost. The logits are in files of ``SHARD_EXAMPLES`` records, in the
order of the unshuffled data. A file gets its name when it is complete, so an interrupted computation goes on
after the last complete file. Each record names its example; half precision is enough for logits.
"""

from __future__ import annotations

import itertools
import json
import logging
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Protocol, Sequence, Union

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from holle_tf.models.outputs import EDGES
from pipelines.dataset import make_dataset
from pipelines.files import atomic_file, atomic_path, exclusive_access, file_sha256, json_sha256, remove_stale
from pipelines.manifest import CACHES, describe
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)

SHARD_EXAMPLES = 1024  # per file: what has to be read again after an interruption
UNKNOWN = -1e9  # logit of positions that were not kept
_LOWEST = -60000.0  # of half precision, about
MANIFEST = "manifest.json"
_FORMAT = 2  # raise when the contents of a cache change
_COMPRESSION = tf.io.TFRecordOptions("GZIP", compression_level=1)


class Readers(NamedTuple):
    """Processes that share folders and a teacher's reading; each writes files of its own.

    Attributes:
        processes, number: number of processes, and which one this is; the first completes the cache.
        barrier: returns when all processes have called it.
    """

    processes: int
    number: int
    barrier: Callable[[], None]


ALONE = Readers(1, 0, lambda: None)
# Number of an example, its id, and its start and end logits, (document length,).
NumberedScores = tuple[int, bytes, list[np.ndarray]]


class KnownScores(Protocol):
    """Scores of a split that no model of the project has to compute."""

    def rows(self, wanted: Callable[[int], bool]) -> Iterator[NumberedScores]:
        """The scores of the examples whose numbers are wanted, in order."""


class TeacherCache:
    """The place of a cache, and its identity: data, split, teacher's weights, chunking, positions kept.

    A cache of only some examples of the split has them in its identity too.

    Args:
        teacher_weights: a file, whose contents count.
        chunks: how the teacher cuts long documents into chunks, if it does.
        top_k: how many of the best start and end positions are kept; 0 = all. The position of "no answer",
            if there is one, is always among them.
        taken: which examples the teacher reads, bool (examples of the split,); None = all.
        first: only so many examples are wanted now, the first ones; None = all. Not part of the identity:
            the files that they need are added to those that are there.
    """

    def __init__(
        self,
        prepared: PreparedData,
        split: str,
        teacher_weights: Path,
        chunks: Optional[Mapping[str, Any]] = None,
        top_k: int = 0,
        taken: Optional[np.ndarray] = None,
        first: Optional[int] = None,
    ):
        self.prepared, self.split, self.top_k, self.taken = prepared, split, top_k, taken
        self.count = prepared.count(split) if taken is None else int(taken.sum())
        self.identity = {
            "format": _FORMAT,
            "shard_examples": SHARD_EXAMPLES,
            "data": prepared.fingerprint,
            "split": split,
            "teacher": file_sha256(teacher_weights),
            "chunks": dict(chunks) if chunks else None,
            "top_k": top_k,
        }
        # The position of "no answer" is always kept. Caches of data without it keep their identity.
        self.keeps_first = bool(top_k) and prepared.config.has_null
        if self.keeps_first:
            self.identity["keeps_first"] = True
        if taken is not None:
            self.identity["taken"] = json_sha256(np.flatnonzero(taken).tolist())
        self.folder = prepared.folder / CACHES / json_sha256(list(self.identity.values()))[:16]
        number = -(-self.count // SHARD_EXAMPLES)
        self.paths = [self.folder / f"logits-{i:05d}-of-{number:05d}.tfrecord.gz" for i in range(number)]
        self.wanted = self.paths if first is None else self.paths[: -(-first // SHARD_EXAMPLES)]
        self.index_type = "<u2" if prepared.manifest["longest"]["document"] < 2**16 else "<i4"

    @property
    def manifest(self) -> Path:
        """Written last: the cache has the files that it lists."""
        return self.folder / MANIFEST

    def write_manifest(self) -> None:
        """Describe the files, of which all that are wanted exist by now."""
        shards = [{"file": path.name, **describe(path)} for path in self.paths if path.exists()]
        contents = {"index_type": self.index_type, "examples": self.count, "shards": shards}
        with atomic_file(self.manifest, "w") as file:
            json.dump({**self.identity, **contents}, file, indent=1)

    def missing(self) -> list[int]:
        """Numbers of the files that have to be written; files that changed since are removed."""
        expected = self._listed()
        for path in self.wanted:
            if path.exists() and path.name in expected and describe(path) != expected[path.name]:
                logger.warning(f"{path}: damaged; the teacher reads its examples again")
                path.unlink()
        return self.not_there()

    def not_there(self) -> list[int]:
        """Numbers of the wanted files that do not exist."""
        return [i for i, path in enumerate(self.wanted) if not path.exists()]

    def complete(self) -> bool:
        """Whether the manifest lists all files that are wanted."""
        return self.manifest.exists() and {path.name for path in self.wanted} <= set(self._listed())

    def _listed(self) -> dict[str, dict[str, Any]]:
        """What the manifest says of each file; empty without a manifest, or if it is damaged."""
        if not self.manifest.exists():
            return {}
        try:
            manifest = json.loads(self.manifest.read_text(encoding="utf-8"))
            return {shard.pop("file"): shard for shard in manifest["shards"]}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            logger.warning(f"{self.manifest}: damaged; it is written again")
            return {}


def ensure_teacher_cache(
    load_teacher: Callable[[], Union[tf.keras.Model, KnownScores]],
    teacher_weights: Path,
    prepared: PreparedData,
    split: str,
    batch_size: int,
    chunks: Optional[Mapping[str, Any]] = None,
    top_k: int = 0,
    readers: Readers = ALONE,
    taken: Optional[np.ndarray] = None,
    first: Optional[int] = None,
) -> Path:
    """Write the logits of a teacher on a split, unless they are there already.

    Processes that want the same scores at the same time wait for the one that computes them.

    Args:
        load_teacher: returns the model with its evaluation weights, or the scores themselves; not called if
            all logits are there.
        teacher_weights: the file of those weights; its contents are part of the cache's identity.
        batch_size: examples read at once.
        chunks: how the teacher cuts long documents into chunks, if it does; part of the identity too.
        top_k: how many of the best start and end positions are kept; 0 = all.
        readers: the processes that call this at the same time.
        taken: which examples the teacher reads, bool (examples of the split,); None = all. The cache has
            these alone, in the order of the records.
        first: only so many examples of the split are wanted, the first ones; None = all.

    Returns:
        The folder of the cache, complete for these examples.
    """
    cache = TeacherCache(prepared, split, teacher_weights, chunks, top_k, taken, first)
    cache.folder.mkdir(parents=True, exist_ok=True)
    if readers.processes > 1:  # they know of each other
        _fill(cache, load_teacher, batch_size, readers)
    else:
        waiting = f"teacher scores: another process computes them in {cache.folder}; waiting"
        with exclusive_access(cache.folder, lambda: logger.info(waiting)):
            _fill(cache, load_teacher, batch_size, readers)
    return cache.folder


def read_teacher_cache(folder: Path, name: str) -> tf.data.Dataset:
    """An element for each example, in the order of the records, for ``make_dataset(extra=...)``.

    Returns:
        Dicts of ``{name}_start_logits`` and ``{name}_end_logits``, float32, (document length,), of which the
        largest is 0 and those that were not kept are ``UNKNOWN``; and ``{name}_example_id``, by which
        ``make_dataset`` checks that they belong to the example.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    index_type = tf.as_dtype(np.dtype(manifest["index_type"]).newbyteorder("="))
    spec = {
        "example_id": tf.io.FixedLenFeature([], tf.string),
        "logits": tf.io.FixedLenFeature([], tf.string),
        "words": tf.io.FixedLenFeature([], tf.int64),
    }
    if manifest["top_k"]:
        spec["indices"] = tf.io.FixedLenFeature([], tf.string)

    def parse(record: tf.Tensor) -> dict[str, tf.Tensor]:
        values = tf.io.parse_single_example(record, spec)
        logits = tf.cast(tf.io.decode_raw(values["logits"], tf.float16), tf.float32)
        logits = tf.reshape(logits, (len(EDGES), -1))  # (2, positions kept)
        logits = tf.where(logits > _LOWEST / 2, logits, UNKNOWN)  # a file of scores need not score all words
        if manifest["top_k"]:
            indices = tf.io.decode_raw(values["indices"], index_type)
            indices = tf.reshape(tf.cast(indices, tf.int64), (len(EDGES), -1, 1))
            nothing = tf.fill([values["words"]], UNKNOWN)
            edges = [tf.tensor_scatter_nd_update(nothing, indices[i], logits[i]) for i in range(len(EDGES))]
        else:
            edges = [logits[0], logits[1]]
        by_edge = {f"{name}_{edge}_logits": scores for edge, scores in zip(EDGES, edges)}
        return {**by_edge, f"{name}_example_id": values["example_id"]}

    files = [str(folder / shard["file"]) for shard in manifest["shards"]]
    return tf.data.TFRecordDataset(files, "GZIP").map(parse)


def scores_by_fold(scores: Sequence[tf.data.Dataset], folds: np.ndarray) -> tf.data.Dataset:
    """The scores of all examples in record order, each from its own fold.

    Args:
        scores: of each fold, ``read_teacher_cache`` of a cache that has the examples of that fold alone.
        folds: int64 (examples of the split,), from 0: the place in ``scores`` for each example.
    """
    return tf.data.Dataset.choose_from_datasets(list(scores), tf.data.Dataset.from_tensor_slices(folds))


def _fill(
    cache: TeacherCache,
    load_teacher: Callable[[], Union[tf.keras.Model, KnownScores]],
    batch_size: int,
    readers: Readers,
) -> None:
    if readers.number == 0:
        missing = cache.missing()
        if missing and readers.processes > 1:
            cache.manifest.unlink(missing_ok=True)  # so that the others know that something is missing
    readers.barrier()
    if readers.number:
        missing = cache.not_there()
    if not missing and cache.complete():
        logger.info(f"teacher scores: found in {cache.folder}")
        return
    readers.barrier()  # before any file is written, so that all find the same files missing
    for _ in remove_stale(cache.folder) if readers.number == 0 else ():
        pass
    # By all processes or none, because within a strategy they create it together.
    teacher = load_teacher() if missing else None
    count = min(cache.count, len(cache.wanted) * SHARD_EXAMPLES)
    there = count - sum(min(SHARD_EXAMPLES, count - shard * SHARD_EXAMPLES) for shard in missing)
    if there:
        logger.info(f"teacher scores: going on in {cache.folder}, {there:,} of {count:,} examples are there")
    with tqdm(total=count, initial=there, desc=f"teacher reads {cache.split}", unit=" examples") as progress:
        own = set(missing[readers.number :: readers.processes])
        found = _read(teacher, cache, batch_size, own) if teacher is not None and own else iter(())
        for shard, rows in itertools.groupby(found, key=lambda row: row[0] // SHARD_EXAMPLES):
            with (
                atomic_path(cache.paths[shard]) as temporary,
                tf.io.TFRecordWriter(str(temporary), _COMPRESSION) as writer,
            ):
                for _, example_id, edges in rows:
                    writer.write(_record(example_id, edges, cache.top_k, cache.index_type, cache.keeps_first))
                    progress.update()
    readers.barrier()
    if readers.number == 0:
        cache.write_manifest()
    readers.barrier()


def _read(
    teacher: Union[tf.keras.Model, KnownScores], cache: TeacherCache, batch_size: int, shards: set[int]
) -> Iterator[NumberedScores]:
    """Number, id, and start and end logits, (document length,), of each example of ``shards``, in order."""
    if not isinstance(teacher, tf.keras.Model):
        yield from teacher.rows(lambda number: number // SHARD_EXAMPLES in shards)
        return
    inputs = tuple(teacher.input)
    infer = tf.function(lambda features: teacher(features, training=False), reduce_retracing=True)
    last = (max(shards, default=0) + 1) * SHARD_EXAMPLES
    batches = make_dataset(
        cache.prepared,
        cache.split,
        inputs=inputs,
        batch_size=batch_size,
        texts=True,
        limit=last,
        taken=cache.taken,
    )
    before = min(shards, default=0) * SHARD_EXAMPLES // batch_size  # whole batches to skip
    for number, (features, _) in enumerate(batches.skip(before), before):
        ids = features["example_id"].numpy()
        wanted = [row for row in range(len(ids)) if (number * batch_size + row) // SHARD_EXAMPLES in shards]
        if not wanted:
            continue
        outputs = infer({name: features[name] for name in inputs})
        lengths = outputs["document_mask"].numpy().sum(axis=1)
        logits = [outputs[f"{edge}_logits"].numpy() for edge in EDGES]
        for row in wanted:
            yield number * batch_size + row, ids[row], [edge[row, : lengths[row]] for edge in logits]


def _record(
    example_id: bytes, edges: list[np.ndarray], top_k: int, index_type: str, keeps_first: bool
) -> bytes:
    """A serialised ``tf.train.Example``: the start logits, then the end logits, or the best of each."""
    # A softmax ignores a constant: with the largest logit at 0, half precision never overflows.
    shifted = [np.maximum(edge - edge.max(initial=-np.inf), _LOWEST) for edge in edges]
    words = len(shifted[0])
    features = {"example_id": _bytes(example_id)}
    if top_k:
        best = [_best(edge, top_k, keeps_first) for edge in shifted]
        features["indices"] = _bytes(np.stack(best).astype(index_type).tobytes())
        shifted = [edge[index] for edge, index in zip(shifted, best)]
    features["logits"] = _bytes(np.stack(shifted).astype("<f2").tobytes())
    features["words"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[words]))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _best(logits: np.ndarray, top_k: int, keeps_first: bool) -> np.ndarray:
    """The indices of the best positions, in order; the first position is among them if it is always kept."""
    order = np.argsort(-logits, kind="stable")
    if keeps_first:
        order = np.concatenate([[0], order[order != 0]])
    return np.sort(order[:top_k])


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
