"""Serves an ONNX export: a student in a process without TensorFlow.

With the two halves of an export (``holle_tf/export/onnx_halves.py``), it reads a document once and keeps what
it has read; further questions about the document need only an answer.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from holle_tf.catalogue import DEFAULT_STUDENT, title_of
from holle_tf.evaluate.answers import Answer
from holle_tf.export.export_digests import CARD_JSON, check_export, read_card
from holle_tf.options.serve import ServeConfig
from holle_tf.serve.backend import ModelCard, recorded_number
from holle_tf.serve.document_cache import DocumentCache, document_id
from holle_tf.serve.document_states import DocumentStates, answered_together, padded_ids, stacked
from holle_tf.serve.numpy_decoding import decode_probabilities
from holle_tf.serve.onnx_sessions import check_weights, open_graphs
from holle_tf.serve.signatures import EDGES
from holle_tf.store.fingerprint import VOCABULARY, WEIGHTS, model_fingerprint
from holle_tf.store.read_document import ReadDocument
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.tokenizer import find_words, lookup_form
from pipelines.word_keys import KEY_VERSION, word_key

if TYPE_CHECKING:  # it needs pyarrow
    from holle_tf.store.reader import Store

logger = logging.getLogger(__name__)

INPUTS = ("document", "query", "prober_history", "responder_history")
FILES = ("model.onnx", "vocab.txt", "tokenizer.json")
HALVES = ("encode.onnx", "answer.onnx")
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int32)": np.int32}
STACKED_WORDS = 4096  # of documents that are answered about together; it pays for short ones only


class OnnxBackend:
    """A folder written by ``--mode=export --format=onnx``.

    Args:
        folder: of the export.
        cache: where it keeps the documents that it has read; by default a cache of its own, of
            ``serve.document_cache_mb``. It keeps none if the cache is empty or the export has no halves.
        threads: that onnxruntime may use for a call; 0 = one for each core. Recurrences, which take most
            of the time, gain nothing from a second one.
        store: documents that a model has read before; it is used if it is this one.
        states: auto | float32 | float16 | int8, of what it keeps; auto = what the export says.

    Raises:
        UserError: the folder is not such an export, or it is damaged.
    """

    parallel = True
    data = DataConfig()  # an export sets no limit to the turns of a chat, and takes whole histories

    def __init__(
        self,
        folder: Path,
        cache: Optional[DocumentCache] = None,
        threads: int = 1,
        store: Optional[Store] = None,
        states: str = ServeConfig.document_states,
    ):
        self._folder = folder
        if cache is None:
            cache = DocumentCache.of_megabytes(ServeConfig.document_cache_mb)
        for name in FILES:
            if not (folder / name).is_file():
                raise UserError(f"{folder / name}: missing; write it by --mode=export --format=onnx.")
        self._digests = check_export(folder, (WEIGHTS, VOCABULARY))
        self._store = store if store is not None and store.manifest.fingerprint == self.fingerprint else None
        try:
            options = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
            words = (folder / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
            last = options["last_words"]
            self._last = {name: _whole(last, name, least=0) for name in INPUTS[1:]}
            self._pattern = re.compile(options["pattern"])  # by whatever rules it was trained
            self._unknown = _whole(options, "unknown_id", least=0, most=len(words) - 1)
            self._keys = bool(options.get("keys"))
            if self._keys and options["keys"]["version"] != KEY_VERSION:
                found = options["keys"]["version"]
                raise ValueError(f"keys of words of version {found}; this program computes {KEY_VERSION}")
            self._null = _null(options, len(words))
            self._max_span, self._n_best = (_whole(options, name, least=1) for name in ("max_span", "n_best"))
            kept = cache.most_bytes > 0 or self._store is not None
            halves = kept and all((folder / name).is_file() for name in HALVES)
            names = HALVES if halves else ("model.onnx",)
            self._sessions = open_graphs(folder, names, threads)
            if halves:
                check_weights(self._sessions, self._digests[WEIGHTS])
        except Exception as error:  # onnxruntime's errors have no other class in common
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"{folder}: cannot load this export ({reason}); export it again.") from error
        self.documents: Optional[DocumentStates] = None
        if halves:
            of_document = {given.name: given.type for given in self._sessions["answer.onnx"].get_inputs()}
            for name in INPUTS[1:]:
                of_document.pop(name)
                of_document.pop(f"{name}_keys", None)
            self._types = {name: np.dtype(_TYPES[kind]) for name, kind in of_document.items()}
            own = self._types[self._sessions["encode.onnx"].get_outputs()[0].name].name
            kept_as = own if states == "auto" or own == "float16" and states == "float32" else states
            self.documents = DocumentStates(cache, kept_as, self._read_documents, self._stored)
        self._ids = {word: number for number, word in enumerate(words)}
        self.card = _card(folder)

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, read as one batch; texts may be empty."""
        contexts = [self._numbers({name: getattr(chat, name) for name in INPUTS[1:]}) for chat in examples]
        if self.documents is None:
            return self._read_whole([self._document(chat.document) for chat in examples], contexts)
        ids = [document_id(chat.document) for chat in examples]
        known = self.documents.of({key: chat.document for key, chat in zip(ids, examples)})
        answers: dict[int, Answer] = {}
        for rows in answered_together([known[key] for key in ids], STACKED_WORDS):
            of_rows = [known[ids[row]] for row in rows]
            different = list({ids[row]: known[ids[row]] for row in rows}.values())
            feeds = {**stacked(different, self._types), **_batch([contexts[row] for row in rows])}
            edges = self._sessions["answer.onnx"].run(EDGES, feeds)
            answers.update(
                (row, self._answer(*document.offsets(), *pair))
                for row, document, *pair in zip(rows, of_rows, *edges)
            )
        return [answers[row] for row in range(len(examples))]

    def _read_whole(
        self, documents: Sequence[_Tokens], contexts: Sequence[Mapping[str, list[int]]]
    ) -> list[Answer]:
        feeds = {**_batch([document.numbers for document in documents]), **_batch(contexts)}
        edges = self._sessions["model.onnx"].run(EDGES, feeds)
        return [
            self._answer(document.starts, document.ends, *pair) for document, *pair in zip(documents, *edges)
        ]

    def _read_documents(self, texts: Sequence[str]) -> list[ReadDocument]:
        """What is kept of documents, read as a batch."""
        encode = self._sessions["encode.onnx"]
        names = [output.name for output in encode.get_outputs()]
        documents = [self._document(text) for text in texts]
        ids = padded_ids([document.numbers["document"] for document in documents], least=1)
        kept = encode.run(names, {"document": ids})
        return [
            ReadDocument(
                starts,
                ends,
                {
                    **{name: np.array(column, np.int32) for name, column in numbers.items()},
                    **{name: part[row, : len(starts)] for name, part in zip(names, kept)},
                },
            )
            for row, (starts, ends, numbers) in enumerate(documents)
        ]

    def encode(self, texts: Sequence[str]) -> list[ReadDocument]:
        """What a store keeps of documents, which are read as a batch.

        Raises:
            UserError: the export has no graphs that keep it.
        """
        if self.documents is None:
            raise UserError(
                f"{self._folder}: has no {HALVES[0]}; export it with export.document_states=float32"
            )
        return self._read_documents(texts)

    @property
    def fingerprint(self) -> str:
        """What tells this model apart from others whose states differ."""
        return model_fingerprint(self._folder, self._digests)

    @property
    def uses_store(self) -> bool:
        """Whether the store that was given is of this model."""
        return self._store is not None

    def _stored(self, key: str) -> Optional[ReadDocument]:
        """A document of the store, by the digest of its text; None if it is not there or is damaged."""
        if self._store is None:
            return None
        try:
            return self._store.read(key)
        except UserError as error:  # the text is at hand, so the document can be read again
            logger.error(error)
            return None

    @property
    def token_inputs(self) -> Sequence[str]:
        """Names of the model's inputs."""
        return [f"{name}{kind}" for kind in ("", "_keys")[: 1 + self._keys] for name in INPUTS]

    @property
    def vocabulary_size(self) -> int:
        """One more than the largest id of a word."""
        return len(self._ids)

    def read_tokens(self, numbers: Mapping[str, np.ndarray]) -> Sequence[np.ndarray]:
        """See ``token_requests.ReadsTokens``."""
        whole = self._sessions.get("model.onnx")
        if whole is not None:
            return list(whole.run(EDGES, dict(numbers)))
        encode, answer = (self._sessions[name] for name in HALVES)
        names = [output.name for output in encode.get_outputs()]
        kept = dict(zip(names, encode.run(names, {"document": numbers["document"]})))
        return list(answer.run(EDGES, {**numbers, **kept}))

    def _answer(self, starts: np.ndarray, ends: np.ndarray, start: np.ndarray, end: np.ndarray) -> Answer:
        edges = (start[: len(starts)], end[: len(starts)])
        null = self._null is not None
        decoded = decode_probabilities(*edges, self._max_span, self._n_best, null)
        return Answer.of_tokens(starts, ends, decoded, edges, self._null.threshold if self._null else None)

    def _document(self, text: str) -> _Tokens:
        tokens = find_words(_readable(text), self._pattern)
        starts, ends = (np.array([token[i] for token in tokens], np.int32) for i in (1, 2))
        numbers = self._numbers_of("document", [token[0] for token in tokens])
        if self._null is not None:  # the null position is at characters 0 to 0
            starts, ends = (np.concatenate([[0], offsets]).astype(np.int32) for offsets in (starts, ends))
            of_null = {"document": self._null.id, "document_keys": self._null.key}
            numbers = {name: [of_null[name], *column] for name, column in numbers.items()}
        return _Tokens(starts, ends, numbers)

    def _numbers(self, texts: Mapping[str, str]) -> dict[str, list[int]]:
        """Ids, and keys, of the last words of each text, by input of the model."""
        numbers = {}
        for name, text in texts.items():
            words = self._pattern.findall(_readable(text))
            numbers.update(self._numbers_of(name, words[max(len(words) - self._last[name], 0) :]))
        return numbers

    def _numbers_of(self, name: str, words: Sequence[str]) -> dict[str, list[int]]:
        forms, ids, unknown = list(map(lookup_form, words)), self._ids, self._unknown
        numbers = {name: [ids.get(form, unknown) for form in forms]}
        if self._keys:
            numbers[f"{name}_keys"] = list(map(word_key, forms))
        return numbers


class _Null(NamedTuple):
    id: int  # of the word in front of every document, which stands for "no answer"
    key: int
    threshold: float  # see ``evaluation.null_threshold``


def _null(options: Mapping[str, Any], words: int) -> Optional[_Null]:
    """The null position of ``tokenizer.json``; None if there is none, a ValueError if it is damaged."""
    found = options.get("null")
    if found is None:
        return None
    threshold = found["threshold"]
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 <= threshold <= 1:
        raise ValueError(f"threshold in tokenizer.json is {threshold!r}")
    return _Null(_whole(found, "id", 0, words - 1), _whole(found, "key", 1), float(threshold))


class _Tokens(NamedTuple):
    starts: np.ndarray  # int32 (words,), character offsets of a document's words, the null position included
    ends: np.ndarray
    numbers: dict[str, list[int]]  # by input of the model


def _readable(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _batch(rows: Sequence[Mapping[str, list[int]]]) -> dict[str, np.ndarray]:
    return {name: padded_ids([row[name] for row in rows]) for name in rows[0]}


def _card(folder: Path) -> ModelCard:
    """The service's card of the export, filled in from its model card if it has one."""
    card = read_card(folder)
    try:
        kind = card.get("kind", DEFAULT_STUDENT)
        if not isinstance(kind, str):
            raise ValueError("kind is no text")
        title = title_of(kind)
    except (KeyError, ValueError) as error:
        raise UserError(f"{folder / CARD_JSON}: damaged ({error}); export it again.") from error
    parameters, f1 = recorded_number(card, "parameters"), recorded_number(card, "scores", "f1", "value")
    return ModelCard(kind, f"{title}, as ONNX", parameters, f1, source=folder.name)


def _whole(options: Mapping[str, Any], name: str, least: int, most: int = 1 << 31) -> int:
    """A whole number of ``tokenizer.json``; a ValueError if it is something else or out of range."""
    value = options[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} in tokenizer.json is {value!r}")
    return value
