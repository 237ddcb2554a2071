"""A run or an ONNX export as a predictor."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, Iterator, NamedTuple, Optional, Sequence, Union

from holle_tf.evaluate.answers import Answer
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.readers.registry import reader_of

if TYPE_CHECKING:
    from holle_tf.runs.run_folder import RunFolder

Chat = Union[str, Sequence[str]]
_OTHER_FORMATS = {"saved_model.pb": "a SavedModel", "model.tflite": "a TensorFlow Lite model"}
_INSTEAD = "load its run folder, or what --mode=export --format=onnx wrote"


class Span(NamedTuple):
    """``text == document[start_char:end_char]``, counted in characters (code points), and its probability."""

    text: str
    start_char: int
    end_char: int
    score: float


@dataclass(frozen=True)
class Prediction:
    """The best span of a document.

    Attributes:
        text, start_char, end_char, score: of the best span, as in ``Span``; "", 0, 0 and 0.0 for a document
            without words.
        n_best: the best spans, this one first. Empty for a document without words.
        no_answer: how likely no answer is against the best span, 0-1; None for a model that cannot say so. If
            it says so, text is "", start_char and end_char are 0, and score is the probability of no answer.
    """

    text: str
    start_char: int
    end_char: int
    score: float
    n_best: list[Span]
    no_answer: Optional[float] = None


class Predictor:
    """A loaded model; ``holle_tf.load`` makes it. Only one thread at a time can use it.

    Args:
        read: function (chats, read as one batch) -> their answers.
        data: has the number of turns that the model looks back.
    """

    def __init__(self, read: Callable[[Sequence[Example]], list[Answer]], data: DataConfig):
        self._read = read
        self._data = data

    def predict(self, document: str, chat: Chat) -> Prediction:
        """The span of ``document`` that answers ``chat``.

        Args:
            document: the background text.
            chat: utterances, the last one the query; or the query alone. The two sides take turns.

        Raises:
            UserError: the document or the query is empty.
        """
        return self.predict_batch([(document, chat)])[0]

    def predict_batch(self, chats: Iterable[tuple[str, Chat]], batch_size: int = 32) -> list[Prediction]:
        """The predictions for several (document, chat) pairs, in their order.

        Args:
            chats: see ``predict``.
            batch_size: pairs that the model reads at once; more are faster and take more memory.

        Raises:
            UserError: a document or a query is empty.
        """
        found = []
        for batch in _batches(chats, batch_size):
            examples = [_example(document, chat, self._data) for document, chat in batch]
            answers = self._read(examples)
            found += [_prediction(example.document, answer) for example, answer in zip(examples, answers)]
        return found


def load(source: Union[str, os.PathLike[str], RunFolder]) -> Predictor:
    """A predictor from a finished run or an ONNX export.

    Args:
        source: a run, its folder, or the folder that ``--mode=export --format=onnx`` wrote. An export is read
            without TensorFlow.

    Raises:
        UserError: the folder is neither, the run is not finished, or its files are damaged.
    """
    folder = Path(source if isinstance(source, (str, os.PathLike)) else source.path)
    if (folder / "model.onnx").exists():
        from holle_tf.serve.onnx_backend import OnnxBackend

        export = OnnxBackend(folder)
        return Predictor(export.read, export.data)
    for name, title in _OTHER_FORMATS.items():
        if (folder / name).exists() or (folder / "1" / name).exists():
            raise UserError(f"{folder}: {title}, which is for programs without this package; {_INSTEAD}.")
    if not (folder / "config.yaml").exists():
        raise UserError(f"{folder}: no run (config.yaml) and no ONNX export (model.onnx) is here.")
    from holle_tf.runs.prediction import ChatPredictor
    from holle_tf.runs.run_folder import RunFolder

    run = ChatPredictor(RunFolder(folder))
    return Predictor(run.read, run.config.data)


def _example(document: str, chat: Chat, data: DataConfig) -> Example:
    utterances = [chat] if isinstance(chat, str) else list(chat)
    if not all(isinstance(text, str) for text in (document, *utterances)):
        raise UserError("a document is a string, and a chat a string or a list of strings, the query last.")
    if not document.strip() or not utterances or not utterances[-1].strip():
        raise UserError("nothing to predict: the document or the query is empty.")
    return reader_of(data).chat({"document": document, "chat": utterances}, data)


def _prediction(document: str, answer: Answer) -> Prediction:
    n_best = [Span(document[start:end], start, end, score) for start, end, score in answer.spans]
    best = n_best[0] if n_best else Span("", 0, 0, 0.0)
    if answer.null is None:
        return Prediction(*best, n_best)
    if answer.null.chosen:
        best = Span("", 0, 0, answer.null.score)
    return Prediction(*best, n_best, answer.null.share)


def _batches(chats: Iterable[tuple[str, Chat]], size: int) -> Iterator[list[tuple[str, Chat]]]:
    rest = iter(chats)
    while batch := list(islice(rest, size)):
        yield batch
