"""Measures the teachers that ``benchmarks.exports`` compares with an exported student."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any, Optional, Sequence

TITLES = {"bidaf": "BiDAF", "qanet": "QANeT"}


def teachers_beside(student: Path) -> list[Path]:
    """The teachers of a student's data: of each kind, the run that finished last."""
    from holle_tf.runs.run_folder import last_finished

    newest = [last_finished(student.resolve().parent, f"{kind}-*") for kind in TITLES]
    return [run.path for run in newest if run is not None]


def teacher_row(run: Path, student: Path) -> tuple[str, dict[str, Any]]:
    """Title of a trained teacher's row, and what its run folder says: bytes of its weights and F1 on test.

    Raises:
        UserError: it is not a finished teacher, or it was trained on other data than the student.
    """
    from holle_tf.runs.run_folder import RunFolder
    from pipelines.errors import UserError

    folder = RunFolder(run)
    config, result = folder.config(), folder.result()
    if config.model not in TITLES or result is None:
        raise UserError(f"{run}: no finished teacher; choose other --teacher_runs.")
    if (folder.identity() or {}).get("data") != (RunFolder(student).identity() or {}).get("data"):
        raise UserError(f"{run}: trained on other data than {student}, so F1 cannot be compared.")
    row = {
        "bytes": folder.weights.stat().st_size,
        "bytes_without_vectors": 4 * result["parameters"],
        "f1": result["scores"]["test"]["f1"],
    }
    return f"{TITLES[config.model]} of these data, {result['parameters']:,} parameters", row


def measure_teacher(model: str, run: Optional[str], lengths: Sequence[int]) -> dict[str, Any]:
    """Start-up time, memory and speed of a model of this package on one core; documents are read whole.

    Args:
        model: bidaf | qanet.
        run: folder of a trained model; None for random weights at the published size.
        lengths: words of the document, ascending.

    Returns:
        The results of ``export_probe``, and ``bytes_without_vectors``.
    """
    began = time.perf_counter()
    from benchmarks import export_probe

    export_probe.use_one_core()
    import tensorflow as tf

    from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
    from holle_tf.catalogue import MODELS
    from holle_tf.config_sources import load_config
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
        # Only ids that the trained model has.
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
