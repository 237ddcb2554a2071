"""Serves an ONNX export: a student in a process without TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, Sequence

import numpy as np
import onnxruntime

from holle_tf.catalogue import DEFAULT_STUDENT, title_of
from holle_tf.evaluate.answers import Answer
from holle_tf.serve.backend import ModelCard
from holle_tf.serve.numpy_decoding import decode_probabilities
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.tokenizer import Token, lookup_form, tokenize
from pipelines.word_keys import KEY_VERSION, word_key

INPUTS = ("document", "query", "prober_history", "responder_history")
EDGES = ("start_probabilities", "end_probabilities")
FILES = ("model.onnx", "vocab.txt", "tokenizer.json")


class OnnxBackend:
    """A folder written by ``--mode=export --format=onnx``.

    Raises:
        UserError: the folder is not such an export, or it is damaged.
    """

    data = DataConfig()  # an export sets no limit to the turns of a chat, and takes whole histories

    def __init__(self, folder: Path):
        for name in FILES:
            if not (folder / name).is_file():
                raise UserError(f"{folder / name}: missing; write it by --mode=export --format=onnx.")
        try:
            options = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
            words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
            last = options["last_words"]
            self._last = {name: int(last[name]) for name in INPUTS[1:]}
            self._unknown: int = options["unknown_id"]
            self._keys = bool(options.get("keys"))
            if self._keys and options["keys"]["version"] != KEY_VERSION:
                found = options["keys"]["version"]
                raise ValueError(f"keys of words of version {found}; this program computes {KEY_VERSION}")
            self._max_span, self._n_best = int(options["max_span"]), int(options["n_best"])
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), _options(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors have no other class in common
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"{folder}: cannot load this export ({reason}); export it again.") from error
        self._ids = {word: number for number, word in enumerate(words)}
        self.card = _card(folder)

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, read as one batch; texts may be empty."""
        encoded = [self._encode(example) for example in examples]
        feeds = {name: _padded([chat.numbers[name] for chat in encoded]) for name in encoded[0].numbers}
        starts, ends = self._session.run(EDGES, feeds)
        answers = []
        for chat, start, end in zip(encoded, starts, ends):
            words = len(chat.tokens)
            edges = (start[:words], end[:words])
            token_starts, token_ends = (
                np.array([token[i] for token in chat.tokens], np.int32) for i in (1, 2)
            )
            decoded = decode_probabilities(*edges, self._max_span, self._n_best)
            answers.append(Answer.of_tokens(token_starts, token_ends, decoded, edges))
        return answers

    def _encode(self, example: Example) -> _Encoded:
        texts = {name: tokenize(getattr(example, name).replace("\0", "\ufffd")) for name in INPUTS}
        numbers = {}
        for name, tokens in texts.items():
            if name in self._last:
                tokens = tokens[max(len(tokens) - self._last[name], 0) :]
            forms = [lookup_form(token.text) for token in tokens]
            numbers[name] = [self._ids.get(form, self._unknown) for form in forms]
            if self._keys:
                numbers[f"{name}_keys"] = list(map(word_key, forms))
        return _Encoded(texts["document"], numbers)


class _Encoded(NamedTuple):
    tokens: list[Token]  # of the document
    numbers: dict[str, list[int]]  # by input of the model


def _padded(rows: Sequence[list[int]]) -> np.ndarray:
    """int32 (rows, longest), padded with 0."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    return ids


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.enable_cpu_mem_arena = False  # so that memory is freed after a long document
    return options


def _card(folder: Path) -> ModelCard:
    """The service's card of the export, filled in from its model card if it has one."""
    try:
        card = json.loads((folder / "model_card.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        card = {}
    scores = card.get("scores") or {}
    kind = card.get("kind", DEFAULT_STUDENT)
    return ModelCard(
        kind=kind,
        title=f"{title_of(kind)}, as ONNX",
        parameters=card.get("parameters"),
        f1=scores.get("f1", {}).get("value"),
        source=folder.name,
    )
