"""Use a run on one chat: the spans, best first, as places in the original document."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from holle_tf.config import Config
from holle_tf.evaluate.display import print_prediction
from holle_tf.evaluate.predictor import Predictor
from holle_tf.models import MODELS
from holle_tf.workflow.run_folder import RunFolder
from pipelines.dataset import features_of
from pipelines.encoding import encode
from pipelines.errors import UserError
from pipelines.holle import Example, example_from_chat
from pipelines.vocabulary import Vocabulary


class ChatPredictor:
    """A loaded run that answers chats.

    Args:
        run: a finished run.

    Raises:
        UserError: the run is unfinished or damaged.
    """

    def __init__(self, run: RunFolder):
        self.config: Config = run.config()
        self._words = Vocabulary.load(run.path / "vocab.txt")
        self._chars = Vocabulary.load(run.path / "chars.txt")
        self._predictor = Predictor(
            run.load_model(), self.config.evaluation.max_span, self.config.evaluation.n_best
        )

    def spans(self, example: Example) -> list[tuple[int, int, float]]:
        """(first character, end character, probability) of the n best spans, best first."""
        encoded = encode(example, self._words, self._chars, self.config.data)
        if not len(encoded.document):
            return []
        features = features_of([encoded], MODELS[self.config.model].inputs)
        none = {edge: np.array([-1], np.int32) for edge in ("start", "end")}
        found = self._predictor.decode(features, none)
        return [
            (int(encoded.token_starts[start]), int(encoded.token_ends[end]), float(score))
            for start, end, score in zip(found["start"][0], found["end"][0], found["score"][0])
            if score > 0
        ]


def newest_student(runs_dir: Path) -> RunFolder:
    """The student that was finished last.

    Raises:
        UserError: there is none.
    """
    results = sorted(runs_dir.glob("*/sam-*/result.json"), key=lambda path: path.stat().st_mtime)
    if not results:
        raise UserError(f"{runs_dir}: no finished student is here; train one, or name one by --run_dir.")
    return RunFolder(results[-1].parent)


def predict_file(run: RunFolder, path: str) -> dict[str, Any]:
    """Predict the chat of a JSON file ("-" is standard input), print it, and return the spans.

    Raises:
        UserError: the file is missing or broken, or holds no document or query.
    """
    name = "standard input" if path == "-" else path
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        chat = json.loads(text)
    except OSError as error:
        raise UserError(f"{path}: cannot read this chat ({error.strerror}); check --input.") from error
    except ValueError as error:
        raise UserError(f"{name}: not valid JSON in UTF-8 ({error}); correct it.") from error
    if isinstance(chat, list) and len(chat) == 1:
        chat = chat[0]
    predictor = ChatPredictor(run)
    try:
        example = example_from_chat(chat, predictor.config.data)
    except UserError as error:
        raise UserError(f"{name}: {error}") from error
    return _show(predictor, example)


def chat_interactively(run: RunFolder, example: Example) -> None:
    """Ask for queries and answer each with a span; an empty line ends.

    Args:
        run: a finished run.
        example: its document is what is talked about.
    """
    predictor = ChatPredictor(run)
    console = Console(highlight=False)
    console.print(example.document, markup=False)
    console.print("\nAsk about this document; an empty line ends.")
    said: list[str] = []
    while True:
        try:
            query = console.input("\n> ", markup=False).strip()
        except EOFError:
            return
        if not query:
            return
        chat = {"document": example.document, "chat": [*said, query]}
        found = _show(predictor, example_from_chat(chat, predictor.config.data))
        said += [query, found["prediction"]]


def _show(predictor: ChatPredictor, example: Example) -> dict[str, Any]:
    spans = predictor.spans(example)
    print_prediction(Console(highlight=False), example.document, spans, example.query)
    texts = [example.document[start:end] for start, end, _ in spans]
    return {
        "example_id": example.example_id,
        "prediction": texts[0] if texts else "",
        "n_best": [
            {"text": text, "start_char": start, "end_char": end, "score": score}
            for text, (start, end, score) in zip(texts, spans)
        ],
    }
