"""Answer chats with a run: spans of the original document, best first."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import numpy as np
import tensorflow as tf
from rich.console import Console

from holle_tf.catalogue import is_student, students
from holle_tf.config import Config
from holle_tf.drawing.terminal_span import print_prediction
from holle_tf.evaluate.answers import Answer, AnswerSpan
from holle_tf.evaluate.predictor import Predictor
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.models.outputs import EDGES, span_probabilities
from holle_tf.options.evaluation import EvaluationConfig
from holle_tf.runs.null_threshold import null_threshold
from holle_tf.runs.run_folder import RunFolder, last_finished
from holle_tf.runs.stream_prediction import answer_line
from pipelines.dataset import features_of
from pipelines.encoding import EncodedExample, encode
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import LONG_SETUPS
from pipelines.raw_files import MOST_OF_A_FILE, read_text
from pipelines.readers.registry import reader_of
from pipelines.vocabulary import Vocabulary


class ChatPredictor:
    """A loaded run that answers chats.

    Args:
        run: a finished run.
        options: configuration that says how many spans are returned (``evaluation.n_best``) and how long
            documents are cut into chunks (``distill.chunk_*``); by default the run's own.

    Attributes:
        config: of the run.
        model: the loaded model.
        model_options: the sizes that it was built with.
        n_best: number of spans that are returned.
        null_threshold: see ``null_threshold``.

    Raises:
        UserError: the run is unfinished or damaged.
    """

    def __init__(self, run: RunFolder, options: Optional[Config] = None):
        self.config: Config = run.config()
        self.n_best = (options or self.config).evaluation.n_best
        self.model_options = self.config.options_of(self.config.model)
        self.model = model = run.load_model()  # which checks the files
        self._words = Vocabulary.load(run.path / "vocab.txt")
        self._chars = Vocabulary.load(run.path / "chars.txt")
        self.null_threshold = null_threshold(run, options)
        self._whole = self._predictor(model)
        self._in_chunks: Optional[Predictor] = None
        chunks = (options or self.config).distill
        null = self.config.data.has_null
        self._longest = chunks.chunk_words + null  # positions of a document that is read whole
        if not is_student(self.config.model) and self.config.data.setup not in LONG_SETUPS:
            size = self.config.evaluation.batch_size
            self._in_chunks = self._predictor(
                chunked_reader(model, chunks.chunk_words, chunks.chunk_stride, chunks.chunk_merge, size, null)
            )

    def _predictor(self, model: tf.keras.Model) -> Predictor:
        return Predictor(
            model,
            self.config.evaluation.max_span,
            self.n_best,
            probabilities=True,
            null=self.config.data.has_null,
        )

    def example(self, chat: Any) -> Example:
        """The example of a JSON object, read in the schema of the run's data.

        Raises:
            UserError: the document or the query is missing.
        """
        return reader_of(self.config.data).chat(chat, self.config.data)

    def encode(self, example: Example) -> EncodedExample:
        """An example as ids of the run's vocabularies."""
        return encode(example, self._words, self._chars, self.config.data)

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, which are read at once.

        A teacher of short documents reads a longer one in chunks.
        """
        encoded = [self.encode(example) for example in examples]
        longest = max((len(chat.document) for chat in encoded), default=0)
        predictor = self._whole
        if self._in_chunks is not None and longest > self._longest:
            predictor = self._in_chunks
        features = features_of(encoded, self.config.inputs_of(self.config.model))
        none = {edge: np.full(len(encoded), -1, np.int32) for edge in EDGES}
        found = predictor.decode(features, none)
        return [
            Answer.of_tokens(
                chat.token_starts,
                chat.token_ends,
                (found["start"][row], found["end"][row], found["score"][row]),
                (found["start_probabilities"][row], found["end_probabilities"][row]),
                self.null_threshold,
            )
            for row, chat in enumerate(encoded)
        ]

    @property
    def vocabulary_size(self) -> int:
        """One more than the largest id of a word."""
        return len(self._words)

    def token_probabilities(self, numbers: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Probabilities float32 (batch, length) that the span starts, and ends, at each word.

        Args:
            numbers: int32 (batch, length) by input of the model, padded with 0.
        """
        outputs = self.model({name: tf.constant(values) for name, values in numbers.items()}, training=False)
        return [values.numpy() for values in span_probabilities(outputs).values()]

    def spans(self, example: Example) -> list[AnswerSpan]:
        """The n best spans of one chat, best first; none where the document has no words."""
        return self.read([example])[0].spans


def newest_student(runs_dir: Path) -> RunFolder:
    """The finished student that was trained last.

    Raises:
        UserError: there is none.
    """
    student = last_finished(runs_dir, *(f"*/{name}-*" for name in students()))
    if student is None:
        raise UserError(f"{runs_dir}: no finished student is here; train one, or name one by --run_dir.")
    return student


def chosen_run(run_dir: Optional[str], config: Config) -> RunFolder:
    """The run of ``--run_dir``, by default the newest student.

    Raises:
        UserError: no run is there, or ``evaluation.max_span`` is not that of its training.
    """
    run = RunFolder(Path(run_dir)) if run_dir else newest_student(Path(config.runs_dir))
    trained = run.config()  # a UserError if no run is there
    wanted, own = config.evaluation.max_span, trained.evaluation.max_span
    if wanted not in (EvaluationConfig.max_span, own):
        raise UserError(
            f"evaluation.max_span={wanted}: {run.path} decodes spans of at most {own} words; train anew."
        )
    return run


def predict_file(run: RunFolder, path: str, options: Optional[Config] = None) -> dict[str, Any]:
    """Predict the chat of a JSON file ("-" is standard input), print it, and return the spans.

    Args:
        options: see ``ChatPredictor``.

    Raises:
        UserError: the file is missing or broken, or holds no document or query.
    """
    name = "standard input" if path == "-" else path
    try:
        if path == "-":
            # Bytes, whose encoding json recognises; that of standard input depends on the terminal.
            given = getattr(sys.stdin, "buffer", sys.stdin).read(MOST_OF_A_FILE + 1)
            if len(given) > MOST_OF_A_FILE:
                raise UserError(f"{name}: more than {MOST_OF_A_FILE:,} bytes; give a shorter chat")
            chat = json.loads(given)
        else:
            chat = json.loads(read_text(path))
    except OSError as error:
        raise UserError(f"{path}: cannot read this chat ({error.strerror}); check --input.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{name}: not valid JSON in UTF-8 ({error}); correct it.") from error
    if isinstance(chat, list) and len(chat) == 1:
        chat = chat[0]
    if isinstance(chat, list) and chat:
        raise UserError(f"{name}: {len(chat)} chats; --output=FILE.jsonl answers them all.")
    predictor = ChatPredictor(run, options)
    try:
        example = predictor.example(chat)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    return _show(predictor, example)


def chat_interactively(run: RunFolder, example: Example, options: Optional[Config] = None) -> None:
    """Ask for queries and answer each with a span; an empty line ends.

    Args:
        run: a finished run.
        example: has the document that the queries are about.
        options: see ``ChatPredictor``.
    """
    predictor = ChatPredictor(run, options)
    console = Console(highlight=False)
    console.print(example.document, markup=False)
    console.print("\nAsk about this document; an empty line ends.")
    utterances: list[str] = []
    while True:
        try:
            query = console.input("\n> ", markup=False).strip()
        except EOFError:
            return
        if not query:
            return
        chat = {"document": example.document, "chat": [*utterances, query]}
        found = _show(predictor, predictor.example(chat))
        utterances += [query, found["prediction"]]


def _show(predictor: ChatPredictor, example: Example) -> dict[str, Any]:
    (answer,) = predictor.read([example])
    console = Console(highlight=False)
    if answer.null is not None and answer.null.chosen:
        console.print(f"No passage answers this ({answer.null.share:.1%}). The likeliest spans would be:")
    print_prediction(console, example.document, answer.spans, example.query)
    return {"example_id": example.example_id, **answer_line(example, answer)}
