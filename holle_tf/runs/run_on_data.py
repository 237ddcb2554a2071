"""A finished run and the data that it reads: those of its training, or long documents in chunks."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional

import numpy as np
import tensorflow as tf

from holle_tf.board.hparams import write_test_scores
from holle_tf.catalogue import is_student
from holle_tf.config import Config
from holle_tf.evaluate.conicity import Conicity
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.runs.data import find_data, open_data, relocated
from holle_tf.runs.run_folder import RunFolder, build_model, read_json, write_text
from pipelines.errors import UserError
from pipelines.files import json_sha256
from pipelines.options import LONG_SETUPS, DataConfig
from pipelines.prepare import PreparedData
from pipelines.vocabulary import PAD, UNK, Vocabulary
from pipelines.word_counts import NO_GLOVE

SCORES = "scores.json"
UNANSWERABLE = "unanswerable"


@dataclass(frozen=True)
class RunOnData:
    """A finished run and the data that it reads.

    It reads the data of its training as they are, and other long documents in chunks.

    Attributes:
        run: a finished run.
        prepared: the data of its training, or long documents.
        config: its sections ``distill`` and ``evaluation`` say how long documents are read in chunks.
    """

    run: RunFolder
    prepared: PreparedData
    config: Config

    @property
    def in_chunks(self) -> bool:
        """Whether these are long documents that the run was not trained on."""
        return self.chunks is not None

    @property
    def chunks(self) -> Optional[dict[str, Any]]:
        """See ``chunk_options``."""
        return chunk_options(self.run.identity() or {}, self.prepared, self.config)

    @property
    def _same_data(self) -> bool:
        return (self.run.identity() or {}).get("data") == self.prepared.fingerprint

    @property
    def folder(self) -> Path:
        """Where predictions go: the run folder, or one in it for each set of long documents and options."""
        if not self.in_chunks:
            return self.run.path
        digest = json_sha256([self.prepared.fingerprint, self.chunks])[:8]
        return self.run.path / "long" / f"{self.prepared.config.setup}-{digest}"

    def check(self) -> None:
        """Raise a UserError unless the run can read these data; other data have other ids for words."""
        if not self._same_data and not self.in_chunks:
            raise UserError(
                f"{self.run.path}: trained on other data than {self.prepared.folder};"
                " give the --data_dir, --glove, --setup and --limit of its training."
            )

    def load_model(self) -> tf.keras.Model:
        """The model, which takes the ids of these data.

        Raises:
            UserError: the run is unfinished or cannot read these data.
        """
        self.check()
        if not self.in_chunks:
            return self.run.load_model()
        options = self.config.distill
        model = with_vocabulary_of(self.run, self.prepared)
        size = self.config.evaluation.batch_size
        return chunked_reader(
            model,
            options.chunk_words,
            options.chunk_stride,
            options.chunk_merge,
            size,
            self.prepared.config.has_null,
        )

    def scores(self) -> dict[str, Any]:
        """F1 and the other scores by split, for the splits that were scored."""
        if not self.in_chunks:
            return (self.run.result() or {}).get("scores", {})
        return read_json(self.folder / SCORES) or {}

    def add_scores(
        self,
        split: str,
        scores: dict[str, float],
        conicity: Mapping[str, Conicity],
        unanswerable: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """Keep the scores and the conicity of a split in ``result.json`` of the run.

        Scores of documents read in chunks are kept beside their predictions, without conicity.

        Args:
            unanswerable: what ``unanswerable_scores`` returned; None if the data have no null position.
        """
        of_null = {}
        if unanswerable is not None:
            of_null = {UNANSWERABLE: {**self.unanswerable(), split: dict(unanswerable)}}
        known = {**self.scores(), split: scores}
        if self.in_chunks:
            write_text(
                self.folder / SCORES, json.dumps({**known, "chunks": self.chunks, **of_null}, indent=1)
            )
            return
        result = {**(self.run.result() or {}), "scores": known, **of_null}
        if conicity:
            cones = {name: cone._asdict() for name, cone in conicity.items()}
            result["conicity"] = {**result.get("conicity", {}), split: cones}
        self.run.write_result(result)
        if split == "test":
            write_test_scores(self.run.tensorboard, scores)

    def unanswerable(self) -> dict[str, Any]:
        """The scores with and without an answer by split; empty if the data have no null position."""
        kept = read_json(self.folder / SCORES) if self.in_chunks else self.run.result()
        return (kept or {}).get(UNANSWERABLE, {})

    def conicity(self, split: str) -> dict[str, Any]:
        """The conicity of each of the model's vectors on a split; empty if it was not computed."""
        return (self.run.result() or {}).get("conicity", {}).get(split, {}) if not self.in_chunks else {}


def open_run_on_data(run: RunFolder, config: Config) -> RunOnData:
    """A finished run with the data of its training, or a teacher of short documents with long ones.

    Args:
        config: see ``RunOnData``. It also says where the data are; its ``data.setup`` can ask for long
            documents.

    Raises:
        UserError: the run cannot read documents of that setup, or its data are missing.
    """
    trained, setup = run.config(), config.data.setup
    long = setup in LONG_SETUPS and trained.data.setup not in LONG_SETUPS and not is_student(trained.model)
    if not long and setup not in (trained.data.setup, DataConfig.setup):
        raise UserError(
            f"--setup={setup}: {run.path} reads what it was trained on ({trained.data.setup}); "
            "only teachers of short documents read long ones as well."
        )
    if not long:
        return RunOnData(run, data_of_run(run, config), config)
    own = relocated(trained, config)
    _check_there(run, own)
    # As config asks; the teacher's own documents are short.
    return RunOnData(run, open_data(replace(own, data=replace(own.data, setup=setup))), config)


def data_of_run(run: RunFolder, config: Config) -> PreparedData:
    """The data that a run was trained on.

    Args:
        config: names the raw data and word vectors, if they have moved.

    Raises:
        UserError: they are not where they were, with the flags to give.
    """
    beside = _prepared_beside(run)
    if beside is not None and not (config.data_dir or config.glove):
        return beside
    own = relocated(run.config(), config)
    _check_there(run, own)
    # The same data are not prepared once more in the runs_dir of now, which may be of another place.
    found = None if beside is None else find_data(replace(own, runs_dir=str(run.path.resolve().parents[1])))
    return found or open_data(own)


def _prepared_beside(run: RunFolder) -> Optional[PreparedData]:
    """The data that a run was trained on, if they still are where its training found them.

    They are looked for beside the run, whatever the working directory and the runs_dir of now.
    """
    path = run.path.resolve()
    folder = path.parent.parent / "data" / path.parent.name
    wanted = (run.identity() or {}).get("data")
    if not wanted or not folder.is_dir():
        return None
    prepared = PreparedData.load(folder)
    return prepared if prepared.fingerprint == wanted and prepared.has_keys else None


def _check_there(run: RunFolder, config: Config) -> None:
    """Raise a UserError if the raw data of a run, or its word vectors, are not where ``config`` says."""
    if config.data_dir and not Path(config.data_dir).is_dir():
        raise UserError(
            f"{run.path}: its data were in {config.data_dir}, and no such folder is here; say where they are"
            " by --data_dir."
        )
    if config.glove not in ("", NO_GLOVE) and not Path(config.glove).is_file():
        raise UserError(
            f"{run.path}: its word vectors were {config.glove}, and no such file is here; say where they are"
            " by --glove."
        )


def chunk_options(
    identity: Mapping[str, Any], prepared: PreparedData, config: Config
) -> Optional[dict[str, Any]]:
    """The options that decide what a run of this identity predicts for long documents.

    Returns:
        None if it reads no chunks: the data are those of its training, or the documents are short.
    """
    if identity.get("data") == prepared.fingerprint or prepared.config.setup not in LONG_SETUPS:
        return None
    return {name: getattr(config.distill, name) for name in ("chunk_words", "chunk_stride", "chunk_merge")}


def with_vocabulary_of(run: RunFolder, prepared: PreparedData) -> tf.keras.Model:
    """The model of ``run`` over the word and character ids of ``prepared``.

    Word vectors are frozen, so a word that the run never saw gets its own vector. If they were learned, such
    a word counts as unknown, as an unseen character always does.

    Raises:
        UserError: these data have word vectors of another size, or another ``max_word_chars``.
    """
    config, model = run.config(), run.load_model()
    same = config.data.word_dim == prepared.config.word_dim
    if not same or config.data.max_word_chars != prepared.config.max_word_chars:
        raise UserError(f"{run.path}: data.word_dim or data.max_word_chars differs from {prepared.folder}.")
    other = build_model(config, prepared.embeddings, len(prepared.chars))
    tables = {
        "word_embedding/matrix": (Vocabulary.load(run.path / "vocab.txt"), prepared.words),
        "char_cnn/table": (Vocabulary.load(run.path / "chars.txt"), prepared.chars),
    }
    learned = config.glove == "none"
    for old, new in zip(model.variables, other.variables):
        name = next((name for name in tables if name in old.name), None)
        if name is None:
            new.assign(old)
            continue
        before, after = tables[name]
        ids = before.ids(after.entries)
        ids[PAD] = PAD
        values = old.numpy()[ids]
        if name == "word_embedding/matrix":
            unseen = np.asarray(ids == UNK)
            unknown = next(v for v in model.variables if "word_embedding/unknown" in v.name).numpy()
            values[unseen] = unknown if learned else prepared.embeddings[unseen]
        new.assign(values)
    return other
