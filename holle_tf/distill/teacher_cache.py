"""A teacher's logits for a data set, computed once and read back beside the examples.

Ten students of one teacher then pay for it once. The file has one record for each example, in the
order of the unshuffled data; half precision is enough for logits.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from holle_tf.models.outputs import EDGES
from pipelines.atomic import atomic_folder, file_sha256
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

_FORMAT = 1  # raise when the contents of a cache change


def cache_folder(
    prepared: PreparedData, split: str, teacher_weights: Path, chunks: Optional[Mapping[str, Any]] = None
) -> Path:
    """Where the cache of this (data, split, teacher weights, chunking) is kept; changes with each of them."""
    parts = [_FORMAT, prepared.fingerprint, split, file_sha256(teacher_weights)]
    key = json.dumps(parts if chunks is None else [*parts, dict(chunks)], sort_keys=True)
    return prepared.folder / "teachers" / hashlib.sha256(key.encode()).hexdigest()[:16]


def ensure_teacher_cache(
    teacher: tf.keras.Model,
    teacher_weights: Path,
    prepared: PreparedData,
    split: str,
    batch_size: int,
    log: Callable[[str], None] = print,
    chunks: Optional[Mapping[str, Any]] = None,
) -> Path:
    """Write the logits of ``teacher`` on a split unless they are there already.

    Args:
        teacher: the model, holding its evaluation weights.
        teacher_weights: the file of those weights; its contents are part of the cache's identity.
        batch_size: examples read at once.
        chunks: how ``teacher`` cuts long documents into chunks, if it does; a part of the identity as well.

    Returns:
        The folder, whole: it is written under another name and renamed.
    """
    folder = cache_folder(prepared, split, teacher_weights, chunks)
    if (folder / "manifest.json").exists():
        log(f"teacher scores: found in {folder}")
        return folder
    inputs = tuple(teacher.input)
    batches = make_dataset(prepared, split, inputs=inputs, batch_size=batch_size)
    infer = tf.function(lambda features: teacher(features, training=False), reduce_retracing=True)
    folder.parent.mkdir(exist_ok=True)
    with atomic_folder(folder) as temporary:
        count = 0
        path = str(temporary / "logits.tfrecord.gz")
        progress = tqdm(total=prepared.count(split), desc=f"teacher reads {split}", unit=" examples")
        with (
            tf.io.TFRecordWriter(path, tf.io.TFRecordOptions("GZIP", compression_level=1)) as writer,
            progress,
        ):
            for features, _ in batches:
                outputs = infer(features)
                lengths = outputs["document_mask"].numpy().sum(axis=1)
                logits = [outputs[f"{edge}_logits"].numpy() for edge in EDGES]
                for row, length in enumerate(lengths):
                    writer.write(_record([edge[row, :length] for edge in logits]))
                count += len(lengths)
                progress.update(len(lengths))
        manifest = {"format": _FORMAT, "data": prepared.fingerprint, "split": split, "examples": count}
        (temporary / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def read_teacher_cache(folder: Path, name: str) -> tf.data.Dataset:
    """One element for each example in record order, for ``make_dataset(extra=...)``.

    Returns:
        Dicts of ``{name}_start_logits`` and ``{name}_end_logits``, float32, (document length,).
    """

    def parse(record: tf.Tensor) -> dict[str, tf.Tensor]:
        halves = tf.reshape(tf.io.decode_raw(record, tf.float16), (2, -1))
        return {f"{name}_{edge}_logits": tf.cast(halves[i], tf.float32) for i, edge in enumerate(EDGES)}

    return tf.data.TFRecordDataset(str(folder / "logits.tfrecord.gz"), "GZIP").map(parse)


def _record(edges: list[np.ndarray]) -> bytes:
    # A softmax does not see a constant: with the largest logit at 0, half precision never overflows.
    shifted = [np.maximum(edge - edge.max(initial=-np.inf), -60000.0) for edge in edges]
    return np.stack(shifted).astype("<f2").tobytes()
