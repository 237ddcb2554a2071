"""A file of scores as a teacher, in the place of a finished run (docs/teachers.md)."""

from __future__ import annotations

import functools
import json
import logging
import pickle
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any, Callable, Iterator, NamedTuple, Optional

import numpy as np

from holle_tf.distill.score_alignment import scores_of_words
from holle_tf.distill.score_format import Header, ScoreLine, read_header, read_score_lines
from holle_tf.distill.teacher_cache import (
    ALONE,
    NumberedScores,
    Readers,
    ensure_teacher_cache,
)
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import SCORES
from holle_tf.runs.run_folder import read_json, write_text
from pipelines.digests import text_sha256
from pipelines.errors import UserError
from pipelines.files import file_sha256
from pipelines.prepare import PreparedData
from pipelines.records import iterate_examples
from pipelines.tokenizer import tokenize

logger = logging.getLogger(__name__)

_COVERAGE = "coverage.json"
_SHOWN = 5  # ids in a message


class Coverage(NamedTuple):
    """How much of a split a file of scores covers.

    Attributes:
        examples: of the split.
        missing: numbers of those that it does not score.
        missing_ids: their ids.
        between: mean share of the probability that fell on no word.
    """

    examples: int
    missing: list[int]
    missing_ids: list[str]
    between: float


class ScoreTeacher:
    """A file of scores that teaches students of some data.

    Args:
        kind: as in ``--teacher``: ``scores:`` and the path of a file.
        prepared: the data of the student.
        max_unscored: see ``distill.max_unscored``.

    Raises:
        UserError: there is no such file, or it is not of this format and version.
    """

    def __init__(self, kind: str, prepared: PreparedData, max_unscored: float):
        self.kind, self.path = kind, Path(kind[len(SCORES) :]).expanduser()
        self.header: Header = read_header(self.path)
        self._prepared, self._max_unscored = prepared, max_unscored
        self._of_split: dict[Path, SplitScores] = {}

    @property
    def weights(self) -> Path:
        """The file, whose contents decide the scores as the weights of a run do."""
        return self.path

    def identity(self) -> dict[str, Any]:
        """What decides what a student learns from it; the same wherever the file is."""
        return {"scores": _digest(self.path), "data": self._prepared.fingerprint}

    def cached(
        self,
        prepared: PreparedData,
        split: str,
        batch_size: int,
        top_k: int = 0,
        readers: Readers = ALONE,
        first: Optional[int] = None,
    ) -> tuple[Path, Coverage]:
        """The folder of the cache of a split, complete, and how much of the split the file covers.

        What it says of a split is logged. Examples that the file lacks have the same score for all words.

        Args:
            prepared: the data of the student, or a pool beside them.
            first: only so many examples are wanted, the first ones; None = all.

        Raises:
            UserError: more is missing than ``distill.max_unscored`` allows, or a line is of another document.
        """

        def load() -> SplitScores:
            place = prepared.folder / split
            if place not in self._of_split:
                self._of_split[place] = SplitScores(self.path, prepared, split)
            return self._of_split[place]

        folder = ensure_teacher_cache(
            load, self.path, prepared, split, batch_size, None, top_k, readers, None, first
        )
        path = folder / _COVERAGE
        if readers.number == 0 and not path.exists():
            write_text(path, json.dumps(load().coverage._asdict()))
        readers.barrier()
        content = read_json(path, f"remove {folder}")
        assert content is not None, path
        return folder, self._checked(Coverage(**content), split, first)

    def _checked(self, found: Coverage, split: str, first: Optional[int]) -> Coverage:
        examples = found.examples if first is None else min(first, found.examples)
        missing = [number for number in found.missing if number < examples]
        ids = found.missing_ids[: len(missing)]
        shown = ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")
        lacks = f" ({shown})" if ids else ""
        logger.info(
            f"{self.path.name}: {split}: scores of {examples - len(missing):,} of {examples:,} examples,"
            f" {len(missing):,} are missing{lacks};"
            f" {100 * found.between:.2g} % of the probability is on no word"
        )
        allowed = f"distill.max_unscored={self._max_unscored}"
        if len(missing) > self._max_unscored * examples:
            raise UserError(
                f"{self.path}: no scores of {len(missing):,} of {examples:,} examples of {split}{lacks}; add"
                f" them, or allow a larger share than {allowed}."
            )
        if found.between > self._max_unscored:
            raise UserError(
                f"{self.path}: {100 * found.between:.0f} % of the probability on {split} is on no word;"
                " offsets have to leave out the white space around sub-words, or allow more than"
                f" {allowed}."
            )
        return Coverage(examples, missing, ids, found.between)


class SplitScores:
    """The scores of a split by word, on disk, so that they need not fit into memory.

    Attributes:
        coverage: how much of the split is there.

    Raises:
        UserError: a line is broken, of another document, or scores an example a second time.
    """

    def __init__(self, path: Path, prepared: PreparedData, split: str):
        self._spool: IO[bytes] = tempfile.TemporaryFile()
        weakref.finalize(self, self._spool.close)
        self._prepared, self._split = prepared, split
        documents = {
            example.example_id: text_sha256(example.document) for example in iterate_examples(prepared, split)
        }
        self._places: dict[str, int] = {}  # id -> offset of its line in the spool
        for line in read_score_lines(path):
            expected = documents.get(line.example_id)
            if expected is None or line.split not in ("", split):
                continue
            if line.document_sha256 != expected:
                raise UserError(
                    f"{line.where}: scored on another document than {prepared.folder} has (SHA-256"
                    f" {line.document_sha256[:10]}... instead of {expected[:10]}...); score the examples that"
                    " --mode=prepare --write_examples=FOLDER writes for these data."
                )
            if line.example_id in self._places:
                raise UserError(f"{line.where}: scored a second time; keep one of these lines.")
            self._places[line.example_id] = self._spool.tell()
            pickle.dump(tuple(line), self._spool, protocol=pickle.HIGHEST_PROTOCOL)

    @functools.cached_property
    def coverage(self) -> Coverage:
        """See the class."""
        missing, ids, between, examples = [], [], 0.0, 0
        for number, example_id, _, share in self._words():
            examples += 1
            if share is None:
                missing.append(number)
                ids.append(example_id)
            else:
                between += share
        return Coverage(examples, missing, ids, between / max(examples - len(missing), 1))

    def rows(self, wanted: Callable[[int], bool]) -> Iterator[NumberedScores]:
        """See ``KnownScores``."""
        for number, example_id, edges, _ in self._words(wanted):
            yield number, example_id.encode("utf-8"), edges

    def _words(
        self, wanted: Callable[[int], bool] = lambda _: True
    ) -> Iterator[tuple[int, str, list[np.ndarray], Optional[float]]]:
        """Number, id, logits of both ends, and the share of the probability on no word; None = missing."""
        has_null = self._prepared.config.has_null
        for number, example in enumerate(iterate_examples(self._prepared, self._split)):
            if not wanted(number):
                continue
            words = tokenize(example.document.replace("\0", "\ufffd"), self._prepared.config.words)
            if example.example_id not in self._places:
                yield (
                    number,
                    example.example_id,
                    [np.zeros(len(words) + has_null, np.float32)] * len(EDGES),
                    None,
                )
                continue
            self._spool.seek(self._places[example.example_id])
            line = ScoreLine(*pickle.load(self._spool))
            if has_null and line.null is None:
                raise UserError(
                    f"{line.where}: no 'start_null' and 'end_null', the scores of no answer, which"
                    " data.unanswerable=learn needs (docs/teachers.md)."
                )
            null = line.null if has_null and line.null is not None else (None, None)
            found = [
                scores_of_words(edge, getattr(line, edge), words, of_null)
                for edge, of_null in zip(EDGES, null)
            ]
            share = sum(edge.between for edge in found) / len(found)
            yield number, example.example_id, [edge.logits for edge in found], share


def _digest(path: Path) -> str:
    status = path.stat()
    return _digest_of(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _digest_of(path: Path, changed: int, size: int) -> str:
    """SHA-256 of a file; a report asks for it many times."""
    del changed, size
    return file_sha256(path)
