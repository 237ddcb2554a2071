"""Serves a run folder, of any model that this package trains."""

from __future__ import annotations

from typing import Optional, Sequence

from holle_tf.catalogue import title_of
from holle_tf.evaluate.answers import Answer
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.run_folder import RunFolder
from holle_tf.serve.backend import ModelCard
from holle_tf.serve.document_states import DocumentStates
from pipelines.example import Example
from pipelines.options import DataConfig


class RunBackend:
    """A finished run.

    Raises:
        UserError: the run is not finished, or it is damaged.
    """

    def __init__(self, run: RunFolder):
        self.documents: Optional[DocumentStates] = None
        self._predictor = ChatPredictor(run)
        self.data: DataConfig = self._predictor.config.data
        result = run.result() or {}
        kind, teachers = self._predictor.config.model, result.get("teacher") or ""
        distilled = " and ".join(title_of(name) for name in teachers.split(",") if name)
        self.card = ModelCard(
            kind=kind,
            title=title_of(kind) + (f", distilled from {distilled}" if distilled else ""),
            parameters=result.get("parameters"),
            f1=result.get("scores", {}).get("test", {}).get("f1"),
            source=run.path.name,
        )

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, read as one batch."""
        return self._predictor.read(examples)
