"""A finished student as files that other programs load, with its model card."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from holle_tf.catalogue import SamConfig, model_row, title_of
from holle_tf.config import Config
from holle_tf.distill.recipes import recipe
from holle_tf.evaluate.predictions import read_predictions
from holle_tf.export.export_digests import CARD_JSON, DIGESTS
from holle_tf.export.formats import find_format
from holle_tf.export.model_card import (
    GLOVE,
    file_sizes,
    measure_latency,
    scores_with_intervals,
    write_model_card,
)
from holle_tf.export.readback import load_reader, random_words
from holle_tf.export.student import Limits, Student
from holle_tf.models.halves import kept_states
from holle_tf.options.evaluation import EvaluationConfig
from holle_tf.options.export import ExportConfig
from holle_tf.runs.null_threshold import null_threshold
from holle_tf.runs.run_folder import RunFolder, versions
from holle_tf.runs.run_on_data import UNANSWERABLE
from holle_tf.system.machine import machine
from pipelines.digests import digests_of
from pipelines.errors import UserError
from pipelines.files import atomic_folder
from pipelines.vocabulary import Vocabulary

DEMO = "the demo corpus (fictitious movies and chats)"


def export_student(student: Student, run: RunFolder, name: str, folder: Path, options: ExportConfig) -> None:
    """Write ``student`` of ``run`` in the format ``name``, with its model card; ``folder`` appears when
    it is complete.

    Raises:
        UserError: ``folder`` holds something other than an export, or the format does not have an option.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / CARD_JSON).exists():
        raise UserError(f"{folder}: is not empty and holds no export; choose another --output.")
    find_format(name).check(options)
    with atomic_folder(folder) as scratch:
        write_export(student, name, scratch, options)
        write_model_card(scratch, _card(student, run, name, scratch, options))


def write_export(student: Student, name: str, folder: Path, options: ExportConfig) -> None:
    """Write ``student`` in the format ``name`` to a folder, without a card."""
    folder.mkdir(parents=True, exist_ok=True)
    find_format(name).writer(student, folder, options)


def student_of(
    run: RunFolder, n_best: int = EvaluationConfig.n_best, options: Optional[Config] = None
) -> Student:
    """The student of a finished run.

    Args:
        n_best: number of spans that it returns; by default that of the run's own configuration.
        options: see ``null_threshold``.

    Raises:
        UserError: the run is that of a teacher, unfinished or damaged.
    """
    config = run.config()
    limits = Limits(
        query_words=config.data.max_query_words,
        history_words=config.data.max_history_words,
        span_words=config.evaluation.max_span,
        n_best=config.evaluation.n_best if n_best == EvaluationConfig.n_best else n_best,
        rules=config.data.words,
        null_threshold=null_threshold(run, options),
    )
    words = tuple(Vocabulary.load(run.path / "vocab.txt").entries)
    try:
        make_student = model_row(
            config.model
        ).student_maker  # before the model is loaded, which takes seconds
    except UserError as error:
        raise UserError(f"{run.path}: {error}") from error
    student: Student = make_student(config.options_of(config.model), run.load_model(), words, limits)
    return student


def _card(student: Student, run: RunFolder, name: str, folder: Path, options: ExportConfig) -> dict[str, Any]:
    config = run.config()
    read = load_reader(name, folder)
    milliseconds = measure_latency(
        lambda words: read(random_words(student.inputs, words, len(student.words)))
    )
    chosen = recipe(config.recipe or f"{config.interaction}_train", config.recipes)
    training, sizes = config.training_of(config.model), config.options_of(config.model)
    return {
        "title": f"A span predictor for chats about documents ({chosen.name})",
        "kind": config.model,
        "format": name,
        "options": find_format(name).values(options),
        "model": _model_line(config.model, sizes),
        "parameters": student.parameters,
        "recipe": {
            "name": chosen.name,
            "summary": chosen.summary,
            "training": {
                "teacher": config.teacher or "none",
                "epochs at most": training.epochs,
                "batch": training.batch_size,
                "learning rate": training.learning_rate,
                "seed": config.seed,
            },
        },
        "data": {
            # Only the name of the folder: its path is private.
            "name": Path(config.data_dir).name if config.data_dir else DEMO,
            "options": {
                "setup": config.data.setup,
                "limit": config.limit or "none",
                "query words": student.limits.query_words,
                "history words": student.limits.history_words,
            },
        },
        **(
            {"null_threshold": student.limits.null_threshold}
            if student.limits.null_threshold is not None
            else {}
        ),
        "scores": _scores(run),
        "words": {"count": len(student.words), "vectors": _vectors(config)},
        "kept": _kept(student, options) if find_format(name).has_halves(options) else None,
        "sizes": (sizes := file_sizes(folder)),
        DIGESTS: digests_of(folder, sizes),
        "latency": {"machine": "{cpu}, {cores} cores".format(**machine()), "milliseconds": milliseconds},
        "versions": versions(),
    }  # fmt: skip


def _model_line(name: str, sizes: Any) -> str:
    if isinstance(sizes, SamConfig):
        layers = f"{sizes.layers} bidirectional {sizes.cell.upper()} of {sizes.units}"
        return f"{title_of(name)} ({sizes.interaction}), {layers}"
    return title_of(name)


def _kept(student: Student, options: ExportConfig) -> dict[str, Any]:
    """Format and bytes of what the halves of an export keep of each word of a document."""
    scalars = sum(kept_states(student.config).values())
    form = options.document_states
    return {"format": form, "bytes of a word": scalars * (2 if form == "float16" else 4)}


def _scores(run: RunFolder) -> Optional[dict[str, Any]]:
    """Test scores with intervals; None if the run was not evaluated."""
    path = run.path / "predictions.jsonl"
    if not path.exists():
        return None
    predictions = read_predictions(path)
    found = {"split": "test", "examples": len(predictions), **scores_with_intervals(predictions)}
    of_null = (run.result() or {}).get(UNANSWERABLE, {}).get("test")
    return found if of_null is None else {**found, UNANSWERABLE: of_null}


def _vectors(config: Config) -> str:
    if config.glove == "none":
        return "vectors learned in training"
    if not config.glove:
        return f"vectors: a part of {GLOVE}"
    return f"vectors from {Path(config.glove).name}; if that is {GLOVE}"
