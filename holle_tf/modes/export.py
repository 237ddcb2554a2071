"""``--mode=export``: a student for other programs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Optional, Sequence

from holle_tf.config import Config
from holle_tf.export.formats import find_format
from holle_tf.runs.exporting import export_student, student_of
from holle_tf.runs.prediction import chosen_run

logger = logging.getLogger(__name__)


def export_mode(
    config: Config,
    run_dir: Optional[str] = None,
    format: Sequence[str] = ("savedmodel",),
    output: Optional[str] = None,
) -> None:
    """Write the exports and say where they are; the last line is JSON.

    Args:
        config: its section ``export`` has the options.
        run_dir: folder of a finished student; by default the newest one under ``config.runs_dir``.
        format: names of formats.
        output: folder of the export; of several formats, the folder in which each gets its own. By default
            ``export/<format>`` in the run folder.

    Raises:
        UserError: no finished student, an unknown format, or the folder holds something else.
    """
    for name in format:
        find_format(name)
    run = chosen_run(run_dir, config)
    logger.info(f"using {run.path}")
    student = student_of(run, config.evaluation.n_best, config).shrunk(config.export)
    written = {}
    for name in dict.fromkeys(format):
        root = Path(output) if output else run.path / "export"
        folder = root if output and len(set(format)) == 1 else root / name
        logger.info(f"== {name}")
        export_student(student, run, name, folder, config.export)
        written[name] = str(folder)
        print(f"{name}: {folder}")
    print(json.dumps({"run": str(run.path), "exports": written}))
