"""Use an export as a client would, on documents of any length: for measurements and comparisons."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import Callable, Mapping, Sequence

import numpy as np

from holle_tf.export.export_digests import check_export
from holle_tf.export.formats import find_format
from holle_tf.models.sam import INPUTS
from pipelines.records import split_input

CONTEXT_WORDS = 24  # of the query and of each history

Read = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def load_reader(name: str, folder: Path, threads: int = 0) -> Read:
    """A function from word ids, and keys, to probabilities, of an export.

    Args:
        name: of the format.
        folder: of the export.
        threads: how many it may use; 0 = no limit. A SavedModel uses the threads of TensorFlow.

    Returns:
        A function of int32 ids of each text, (1, length) with a length of at least 1, 0 = padding, and of
        as many keys if the student reads them. It returns ``start_probabilities`` and
        ``end_probabilities``, float32 (1, words of the document).

    Raises:
        UserError: there is no format of this name, or a file has changed since the export was written.
    """
    check_export(folder)
    return find_format(name).reader(folder, threads)


def load_halves(name: str, folder: Path, threads: int = 0) -> Read:
    """As ``load_reader``, of an export that ``has_halves``: reads the document, and then answers."""
    check_export(folder)
    read: Read = resolve_name(find_format(name).read_halves)(folder, threads)
    return read


def random_words(
    inputs: Sequence[str], document_words: int, vocabulary: int, seed: int = 0
) -> dict[str, np.ndarray]:
    """Random known words, int32 (1, length), for each of a student's inputs."""
    rng = np.random.default_rng(seed)
    lengths = {name: document_words if name == "document" else CONTEXT_WORDS for name in INPUTS}
    ids = {name: rng.integers(2, max(vocabulary, 3), (1, n)).astype(np.int32) for name, n in lengths.items()}
    # A word's id serves as its key: both are equal for equal words.
    return {name: ids[split_input(name)[0]] for name in inputs}
