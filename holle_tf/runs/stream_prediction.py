"""Answer any number of chats: a line of JSON for each, in their order, in little memory."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Optional, Protocol, Sequence

from tqdm import tqdm

from holle_tf.evaluate.answers import Answer
from holle_tf.runs.chat_lines import STANDARD_INPUT, ChatLine, count_chats, files_of_input, read_chats
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.files import atomic_file, exclusive_access

logger = logging.getLogger(__name__)

WINDOW = 2048  # chats in memory; among them, those of similar length share a batch
MOST_ROWS = 128  # of a batch
MOST_CHARACTERS = 256 << 10  # of the documents of a batch, padded
_SHOWN = 5  # faults in the log
_IDS = ("example_id", "id")


class Reads(Protocol):
    """What answers chats: ``holle_tf.runs.prediction.ChatPredictor``."""

    def example(self, chat: Any) -> Example:
        """The example of a JSON object; a UserError if it has no document or query."""

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, which are read at once."""


class Answered(NamedTuple):
    """What became of the chats of an input.

    Attributes:
        chats: all of them, those of earlier calls included.
        faults: those that could not be answered.
    """

    chats: int
    faults: int


def predict_stream(
    predictor: Reads, source: str, output: Path, identity: Mapping[str, Any], strict: bool = False
) -> Answered:
    """Write the answers to all chats of an input.

    The file appears once it is complete. Until then the answers are in ``OUTPUT.partial``; after an
    interruption, the same call goes on from there unless ``source`` is standard input. A chat that cannot be
    answered gets a line with ``error`` in place of an answer.

    Args:
        source: a file, a folder, or - for standard input.
        output: JSON lines; compressed if the name ends in .gz.
        identity: what decides the answers beside the input, as JSON values.
        strict: raise at the first chat that cannot be answered.

    Raises:
        UserError: the input cannot be read, or the output cannot be written; or, with ``strict``, a chat
            cannot be answered.
    """
    partial = output.with_name(output.name + ".partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        partial.touch()
        with exclusive_access(partial, lambda: logger.info(f"{partial}: another process writes it; waiting")):
            key = {**identity, "input": _described(source)}
            there = _Partial(partial, key, resumable=source != STANDARD_INPUT)
            done = there.answered
            if done.chats:
                logger.info(f"{partial}: going on after {done.chats:,} chats")
            answered = _answer_all(predictor, source, there, strict)
            _finish(partial, output)
            there.forget()
    except OSError as error:
        raise UserError(
            f"{output}: cannot write this file ({error.strerror}); choose another one."
        ) from error
    return answered


def _answer_all(predictor: Reads, source: str, partial: _Partial, strict: bool) -> Answered:
    chats, faults = partial.answered
    lines = itertools.islice(read_chats(source), chats, None)
    with tqdm(total=count_chats(source), initial=chats, desc="chats", unit=" chats") as progress:
        while window := list(itertools.islice(lines, WINDOW)):
            found = _answer(predictor, window, strict, progress)
            for line in found:
                if "error" in line:
                    if faults < _SHOWN:
                        logger.warning(f"{line['where']}: {line['error']}")
                    faults += 1
            partial.append(found)
            chats += len(found)
    return Answered(chats, faults)


def _answer(predictor: Reads, window: list[ChatLine], strict: bool, progress: Any) -> list[dict[str, Any]]:
    """A line for each chat of a window, in their order."""
    found: list[Optional[dict[str, Any]]] = [None] * len(window)
    examples: dict[int, Example] = {}
    for place, line in enumerate(window):
        error = line.error
        if not error:
            try:
                examples[place] = predictor.example(line.chat)
                continue
            except UserError as fault:
                error = str(fault)
        if strict:
            raise UserError(f"{line.where}: {error}")
        found[place] = {"example_id": _id_of(line), "where": line.where, "error": error}
        progress.update()
    for places in _batches({place: len(example.document) for place, example in examples.items()}):
        batch = [examples[place] for place in places]
        for place, example, answer in zip(places, batch, predictor.read(batch)):
            found[place] = {"example_id": _id_of(window[place]), **answer_line(example, answer)}
        progress.update(len(batch))
    return [line for line in found if line is not None]


def _batches(lengths: Mapping[int, int]) -> Iterator[list[int]]:
    """Chats of similar length, the longest first, as many as a batch may hold."""
    batch: list[int] = []
    for place in sorted(lengths, key=lambda place: -lengths[place]):
        if batch and (len(batch) == MOST_ROWS or (len(batch) + 1) * lengths[batch[0]] > MOST_CHARACTERS):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def answer_line(example: Example, answer: Answer) -> dict[str, Any]:
    """``prediction``, the text of the best span, and ``n_best``, all spans with offsets and scores.

    Of a model that can say that there is no answer, also ``null_score``, the probability of that, and
    ``no_answer``, the same against the best span. If it says so, ``prediction`` is "".
    """
    spans = [
        {"text": example.document[start:end], "start_char": start, "end_char": end, "score": score}
        for start, end, score in answer.spans
    ]
    of_null = {}
    if answer.null is not None:
        of_null = {"null_score": answer.null.score, "no_answer": answer.null.share}
    return {"prediction": spans[0]["text"] if answer.best else "", **of_null, "n_best": spans}


def _id_of(line: ChatLine) -> Any:
    """The id of a chat as it was given; without one, its place in the input."""
    if isinstance(line.chat, Mapping):
        for name in _IDS:
            if line.chat.get(name) not in (None, ""):
                return line.chat[name]
    return line.where


def _described(source: str) -> list[Any]:
    """What tells whether an input is still the same."""
    statuses = [(str(file.resolve()), file.stat()) for file in files_of_input(source)]
    return [[name, status.st_size, status.st_mtime_ns] for name, status in statuses]


class _Partial:
    """The answers so far, and what they are answers to.

    Attributes:
        answered: what is there of an earlier call with the same key.
    """

    def __init__(self, path: Path, key: Mapping[str, Any], resumable: bool):
        self._path, self._key_path = path, path.with_name(path.name + ".json")
        text = json.dumps(key, sort_keys=True)
        same = resumable and self._key_path.exists() and self._key_path.read_text("utf-8") == text
        if not same:
            path.write_bytes(b"")  # not removed: another process may wait for the lock on it
            with atomic_file(self._key_path, "w") as file:
                file.write(text)
        self.answered = self._whole_lines() if same else Answered(0, 0)

    def _whole_lines(self) -> Answered:
        """Count the lines; one that was being written is cut off."""
        chats = faults = size = 0
        with open(self._path, "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                chats, faults, size = chats + 1, faults + (b'"error": ' in line), size + len(line)
        os.truncate(self._path, size)
        return Answered(chats, faults)

    def append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write lines that are on the disk when this returns."""
        with open(self._path, "ab") as file:
            for line in lines:  # half of a pair of surrogates cannot be UTF-8, but can be escaped
                text = json.dumps(line, ensure_ascii=False)
                file.write(text.encode("utf-8", "backslashreplace") + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def forget(self) -> None:
        """The file has become the output."""
        self._key_path.unlink(missing_ok=True)


def _finish(partial: Path, output: Path) -> None:
    if output.suffix != ".gz":
        os.replace(partial, output)
        return
    with atomic_file(output) as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        with open(partial, "rb") as lines:
            shutil.copyfileobj(lines, packed)
    partial.unlink()
