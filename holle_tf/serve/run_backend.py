"""Serves a run folder, of any model that this package trains."""

from __future__ import annotations

import logging
from typing import Mapping, Optional, Sequence

import numpy as np

from holle_tf.catalogue import title_of
from holle_tf.evaluate.answers import Answer
from holle_tf.options.serve import ServeConfig
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.run_folder import RunFolder
from holle_tf.serve.backend import ModelCard, recorded_number
from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.document_states import DocumentStates
from holle_tf.serve.run_halves import RunHalves, can_read_once
from pipelines.example import Example
from pipelines.options import DataConfig

logger = logging.getLogger(__name__)


class RunBackend:
    """A finished run.

    Args:
        run: a student that reads documents without the question keeps what it has read of them.
        cache: where it keeps them; by default a cache of its own, of ``serve.document_cache_mb``. It keeps
            none if the cache is empty.
        states: float32 | float16 | int8, of what it keeps.

    Raises:
        UserError: the run is not finished, or it is damaged.
    """

    parallel = False  # TensorFlow uses all cores for one call

    def __init__(self, run: RunFolder, cache: Optional[DocumentCache] = None, states: str = "float16"):
        if cache is None:
            cache = DocumentCache.of_megabytes(ServeConfig.document_cache_mb)
        self._predictor = ChatPredictor(run)
        self._halves: Optional[RunHalves] = None
        if can_read_once(self._predictor) and cache.most_bytes:
            self._halves = RunHalves(self._predictor, cache, states)
        self.data: DataConfig = self._predictor.config.data
        result = run.result() or {}
        kind, teachers = self._predictor.config.model, result.get("teacher") or ""
        distilled = " and ".join(title_of(name) for name in teachers.split(",") if name)
        self.card = ModelCard(
            kind=kind,
            title=title_of(kind) + (f", distilled from {distilled}" if distilled else ""),
            parameters=recorded_number(result, "parameters"),
            f1=recorded_number(result, "scores", "test", "f1"),
            source=run.path.name,
        )

        if not can_read_once(self._predictor):
            logger.info(f"{kind} reads a document together with the question: anew for each question")

    @property
    def documents(self) -> Optional[DocumentStates]:
        """The documents that it has read; None if it reads a document anew for each question."""
        return self._halves.documents if self._halves else None

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, read as one batch."""
        return (self._halves or self._predictor).read(examples)

    @property
    def token_inputs(self) -> Sequence[str]:
        """Names of the model's inputs; none of a teacher, which reads characters or joins the texts."""
        return list(self._predictor.model.input) if can_read_once(self._predictor) else []

    @property
    def vocabulary_size(self) -> int:
        """One more than the largest id of a word."""
        return self._predictor.vocabulary_size

    def read_tokens(self, numbers: Mapping[str, np.ndarray]) -> Sequence[np.ndarray]:
        """See ``token_requests.ReadsTokens``."""
        return self._predictor.token_probabilities(numbers)
