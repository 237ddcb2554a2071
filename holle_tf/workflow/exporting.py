"""``--mode=export``: a finished student as files that other programs load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable, Optional, Sequence

from holle_tf.config import Config
from holle_tf.export.config import FORMATS, ExportConfig
from holle_tf.export.savedmodel import export_savedmodel
from holle_tf.export.student import Limits, Student
from holle_tf.workflow.prediction import newest_student
from holle_tf.workflow.run_folder import RunFolder
from pipelines.atomic import atomic_folder
from pipelines.errors import UserError
from pipelines.vocabulary import Vocabulary

CARD = "model_card.json"  # by which an export is known

Log = Callable[[str], None]


def export_mode(
    config: Config, run_dir: Optional[str], formats: Sequence[str], output: Optional[str], log: Log
) -> None:
    """Write the exports and say where they are; the last line is JSON.

    Args:
        config: ``export`` says how.
        run_dir: a finished student's; by default that of the newest one under ``config.runs_dir``.
        formats: of ``FORMATS``.
        output: folder of the export, or of a folder for each format if there are several; by default
            ``export/<format>`` in the run folder.

    Raises:
        UserError: no finished student, an unknown format, or the folder holds something else.
    """
    run = RunFolder(Path(run_dir)) if run_dir else newest_student(Path(config.runs_dir))
    log(f"using {run.path}")
    written = {}
    for name in dict.fromkeys(formats):
        root = Path(output) if output else run.path / "export"
        folder = root if output and len(set(formats)) == 1 else root / name
        export_run(run, name, folder, config.export)
        written[name] = str(folder)
        print(f"{name}: {folder}")
    print(json.dumps({"run": str(run.path), "exports": written}))


def export_run(run: RunFolder, name: str, folder: Path, options: ExportConfig) -> None:
    """Export the student of a run in the format ``name``; ``folder`` appears whole or not at all.

    Raises:
        UserError: see ``export_mode``.
    """
    if name not in FORMATS:
        raise UserError(f"--format={name}: not among the choices ({', '.join(FORMATS)}).")
    if folder.exists() and not (folder / CARD).exists():
        raise UserError(f"{folder}: exists and is no export; choose another --output.")
    student = student_of(run).shrunk(options)
    with atomic_folder(folder) as scratch:
        export_savedmodel(student, scratch)
        (scratch / CARD).write_text(json.dumps({"format": name}), encoding="utf-8")


def student_of(run: RunFolder) -> Student:
    """The student of a finished run.

    Raises:
        UserError: the run is a teacher's, unfinished or damaged.
    """
    config = run.config()
    if config.model != "sam":
        raise UserError(
            f"{run.path}: a {config.model}; only a student (sam) is exported, so distil one from it."
        )
    limits = Limits(
        query_words=config.data.max_query_words,
        history_words=config.data.max_history_words,
        span_words=config.evaluation.max_span,
        n_best=config.evaluation.n_best,
    )
    words = tuple(Vocabulary.load(run.path / "vocab.txt").entries)
    return Student.of(config.sam, run.load_model(), words, limits)
