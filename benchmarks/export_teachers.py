"""What the teachers cost that stand beside an exported student in ``benchmarks.exports``."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any, Optional, Sequence

TITLES = {"bidaf": "BiDAF", "qanet": "QANeT"}


def teachers_beside(student: Path) -> list[Path]:
    """The finished teachers of a student's data: of each kind the one that was finished last."""
    from holle_tf.runs.run_folder import last_finished

    newest = [last_finished(student.resolve().parent, f"{kind}-*") for kind in TITLES]
    return [run.path for run in newest if run is not None]


def teacher_row(run: Path, student: Path) -> tuple[str, dict[str, Any]]:
    """Title of a trained teacher's row, and what its run folder says: bytes of the weights, F1 on test.

    Raises:
        UserError: it is no finished teacher, or one of other data than the student's.
    """
    from holle_tf.runs.run_folder import RunFolder
    from pipelines.errors import UserError

    folder = RunFolder(run)
    config, result = folder.config(), folder.result()
    if config.model not in TITLES or result is None:
        raise UserError(f"{run}: no finished teacher; choose other --teacher_runs.")
    if (folder.identity() or {}).get("data") != (RunFolder(student).identity() or {}).get("data"):
        raise UserError(f"{run}: learned from other data than {student}, so that F1 cannot be compared.")
    row = {
        "bytes": folder.weights.stat().st_size,
        "bytes_without_vectors": 4 * result["parameters"],
        "f1": result["scores"]["test"]["f1"],
    }
    return f"{TITLES[config.model]} of these data, {result['parameters']:,} parameters", row


def measure_teacher(model: str, run: Optional[str], lengths: Sequence[int]) -> dict[str, Any]:
    """Start, memory and time of a model of this package on one core; documents are read whole.

    Args:
        model: bidaf | qanet.
        run: folder of the trained one; None for random weights at the published size.
        lengths: words of the document, ascending.

    Returns:
        What ``export_probe`` finds; ``bytes_without_vectors`` too.
    """
    began = time.perf_counter()
    from benchmarks import export_probe

    export_probe._one_core()
    import tensorflow as tf

    from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
    from holle_tf.catalogue import MODELS
    from holle_tf.config import load_config
    from holle_tf.models.parameters import trainable_parameters
    from holle_tf.runs.run_folder import RunFolder
    from pipelines.vocabulary import Vocabulary

    words, characters = WORDS, CHARACTERS
    if run:
        folder = RunFolder(Path(run))
        config, teacher = folder.config(), folder.load_model()
        words, characters = (len(Vocabulary.load(folder.path / f"{of}.txt")) for of in ("vocab", "chars"))
    else:
        config = load_config(flags={"model": model})
        teacher = make_distiller(config, "none", WORDS, CHARACTERS).student
    read = tf.function(lambda features: teacher(features, training=False), reduce_retracing=True)
    found: dict[str, Any] = {"ms": {}, "bytes_without_vectors": 4 * trainable_parameters(teacher)}
    for length in lengths:
        features, _ = random_batch(MODELS[model].inputs, 1, length, export_probe.CONTEXT_WORDS, config)
        # Ids that the trained one has.
        features = {
            name: tf.minimum(ids, (characters if name.endswith("chars") else words) - 1)
            for name, ids in features.items()
        }
        read(features)
        found.setdefault("start_seconds", time.perf_counter() - began)
        found["ms"][str(length)] = export_probe.median_milliseconds(functools.partial(read, features))
        if length == lengths[min(1, len(lengths) - 1)]:
            found["memory_mb"] = export_probe.peak_memory_mb()
    return found
