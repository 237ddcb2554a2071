"""Size, speed, memory and scores of a student in every format, beside its teachers.

    .venv/bin/python -m benchmarks.exports --run_dir=RUN

Without ``--run_dir``, a student of the demo corpus (trained if there is none, five minutes). Each export is
read on one core in a process of its own that has only the format's runtime (``benchmarks/export_probe.py``);
the teachers, at their published sizes and with random weights, in one that has this package. Memory is that
of the process after the second length. The last line is JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple

from absl import app, flags, logging
from tqdm import tqdm

from benchmarks.export_probe import __file__ as PROBE
from holle_tf.workflow.own_process import in_own_process

_RUN = flags.DEFINE_string("run_dir", None, "run folder of a student; empty = one of the demo corpus")
_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000"], "words of the document, ascending")
_FORMATS = flags.DEFINE_list("formats", ["savedmodel", "onnx", "tflite"], "which exports")
_TEACHERS = flags.DEFINE_list("teachers", ["bidaf", "qanet"], "which teachers stand beside them")
_SET = flags.DEFINE_multi_string(
    "set", [], "configuration of the student that is trained, as for holle_tf.main"
)

# Name in the table: format, options of ExportConfig.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "SavedModel, float32": ("savedmodel", {}),
    "SavedModel, float16 word vectors": ("savedmodel", {"float16_embeddings": True}),
    **{
        f"{title}, {'float32' if kind == 'none' else kind}": (name, {"quantization": kind})
        for title, name in (("ONNX", "onnx"), ("TFLite", "tflite"))
        for kind in ("none", "float16", "int8")
    },
}
COMPARED = 100  # examples whose probabilities are compared
PRUNED: tuple[dict[str, Any], ...] = (
    {"max_words": 300},
    {"max_words": 300, "hash_buckets": 50},
    {"max_words": 300, "hash_buckets": 500},
)


def student_run() -> Any:
    """The run that is exported."""
    from holle_tf.config import load_config, preset
    from holle_tf.workflow.data import open_data
    from holle_tf.workflow.modes import with_recipe
    from holle_tf.workflow.run_folder import RunFolder
    from holle_tf.workflow.training import ensure_run

    if _RUN.value:
        return RunFolder(Path(_RUN.value))
    config = with_recipe(load_config([preset("demo")], ["training.sam.epochs=6", *_SET.value]), "_train")
    return ensure_run(config, open_data(config, _log), log=_log)


def probe(name: str, folder: Path, vocabulary: int) -> dict[str, Any]:
    """What ``export_probe`` finds."""
    command = [sys.executable, PROBE, name, str(folder), ",".join(_LENGTHS.value), str(vocabulary)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_teacher(model: str, lengths: list[int]) -> dict[str, Any]:
    """The same of a model of this package at its published size, on one core."""
    import time

    from benchmarks import export_probe

    began = time.perf_counter()
    export_probe._one_core()
    import tensorflow as tf

    from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
    from holle_tf.config import load_config
    from holle_tf.models import MODELS, trainable_parameters

    config = load_config(flags={"model": model})
    student = make_distiller(config, "none", WORDS, CHARACTERS).student
    read = tf.function(lambda features: student(features), reduce_retracing=True)
    found: dict[str, Any] = {"ms": {}, "bytes_without_vectors": 4 * trainable_parameters(student)}
    for length in lengths:
        features, _ = random_batch(MODELS[model].inputs, 1, length, export_probe.CONTEXT_WORDS, config)
        read(features)
        found.setdefault("start_seconds", time.perf_counter() - began)
        found["ms"][str(length)] = export_probe.median_milliseconds(lambda given=features: read(given))
        if length == lengths[min(1, len(lengths) - 1)]:
            found["memory_mb"] = export_probe.peak_memory_mb()
    return found


def best_span(start: Any, end: Any, longest: int) -> tuple[int, int]:
    """First and last word of the likeliest span of at most ``longest`` words."""
    found = (-1.0, 0, 0)
    for more in range(min(longest, len(start))):
        scores = start[: len(start) - more] * end[more:]
        i = int(scores.argmax())
        found = max(found, (float(scores[i]), i, i + more))
    return found[1:]


class Scored(NamedTuple):
    """What a reader says of the test split: spans (first and last word), mean F1, first probabilities."""

    spans: list[tuple[int, int]]
    f1: float
    likely: list[Mapping[str, Any]]


def score(read: Callable[[Mapping[str, Any]], Mapping[str, Any]], encoded: list, longest: int) -> Scored:
    """Read examples one by one."""
    import numpy as np

    from holle_tf.evaluate.scores import token_f1
    from holle_tf.models.sam import INPUTS

    spans, total = [], 0.0
    kept: list[Mapping[str, Any]] = []
    for one in encoded:
        ids = {name: getattr(one, name)[None] for name in INPUTS}
        # A text without words is one of padding, as TensorFlow Lite wants it.
        likely = read({name: row if row.size else np.zeros((1, 1), np.int32) for name, row in ids.items()})
        i, j = best_span(likely["start_probabilities"][0], likely["end_probabilities"][0], longest)
        spans.append((i, j))
        text = one.example.document[one.token_starts[i] : one.token_ends[j]]
        total += token_f1(text, one.example.answer)
        if len(kept) < COMPARED:
            kept.append(likely)
    return Scored(spans, 100 * total / len(encoded), kept)


def main(_: list[str]) -> None:
    import numpy as np
    import tensorflow as tf

    from holle_tf.export.config import ExportConfig
    from holle_tf.export.model_card import file_sizes
    from holle_tf.export.reading import load_reader
    from holle_tf.models.layers.masking import masked_softmax
    from holle_tf.workflow.data import open_data
    from holle_tf.workflow.exporting import student_of, write_export
    from pipelines.encoding import encode
    from pipelines.records import read_examples

    logging.set_verbosity(logging.WARNING)  # TensorFlow tells of every SavedModel at length
    run = student_run()
    config, student = run.config(), student_of(run)
    prepared = open_data(config, _log)
    examples = read_examples(prepared, "test")
    encoded = [encode(one, prepared.words, prepared.chars, config.data) for one in examples]
    longest, lengths = config.evaluation.max_span, [int(length) for length in _LENGTHS.value]

    @tf.function(reduce_retracing=True)
    def keras(ids: Mapping[str, Any]) -> dict[str, Any]:
        outputs = student.model(ids, training=False)
        mask = outputs["document_mask"]
        return {f"{e}_probabilities": masked_softmax(outputs[f"{e}_logits"], mask) for e in ("start", "end")}

    def in_keras(ids: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value.numpy() for name, value in keras(ids).items()}

    wanted = score(in_keras, encoded, longest)
    report: dict[str, Any] = {"examples": len(encoded), "words": len(student.words), "keras_f1": wanted.f1}
    rows = report["rows"] = {}
    chosen = {title: (n, options) for title, (n, options) in VARIANTS.items() if n in _FORMATS.value}
    with tempfile.TemporaryDirectory() as scratch:
        for number, (title, (name, values)) in enumerate(tqdm(chosen.items(), desc="exports", disable=None)):
            options, folder = ExportConfig(**values), Path(scratch) / str(number)
            write_export(student.shrunk(options), name, folder, options)
            found = score(load_reader(name, folder), encoded, longest)
            size = sum(file_sizes(folder).values())
            pairs = zip(found.likely, wanted.likely)
            rows[title] = {
                "bytes": size,
                "bytes_without_vectors": size - student.vectors.size * _bytes_of_a_scalar(options),
                **probe(name, folder, len(student.words)),
                "f1": found.f1,
                "same_spans": sum(a == b for a, b in zip(found.spans, wanted.spans)) / len(encoded),
                "largest_difference": max(
                    float(np.abs(a[edge] - b[edge]).max()) for a, b in pairs for edge in b
                ),
            }
            _log(f"{title}: {json.dumps(rows[title])}")
        if "savedmodel" in _FORMATS.value:
            report["pruned"] = [pruned_row(student, examples, values, Path(scratch)) for values in PRUNED]
    for model in tqdm(_TEACHERS.value, desc="teachers", disable=None):
        rows[model] = in_own_process(measure_teacher, model, lengths)
        _log(f"{model}: {json.dumps(rows[model])}")
    print(json.dumps(report))


def _bytes_of_a_scalar(options: Any) -> int:
    """Of the word vectors as they are stored."""
    half = options.float16_embeddings or options.quantization == "float16"
    return 1 if options.quantization == "int8" else 2 if half else 4


def pruned_row(student: Any, examples: list, values: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """A SavedModel with fewer words: bytes and F1, from texts."""
    import tensorflow as tf

    from holle_tf.evaluate.scores import token_f1
    from holle_tf.export.config import ExportConfig
    from holle_tf.models.sam import INPUTS
    from holle_tf.workflow.exporting import write_export

    options = ExportConfig(**values)
    small, folder = student.shrunk(options), scratch / "-".join(map(str, values.values()))
    write_export(small, "savedmodel", folder, options)
    predict = tf.saved_model.load(str(folder / "1")).signatures["serving_default"]
    total = 0.0
    for i in range(0, len(examples), 32):
        batch = examples[i : i + 32]
        found = predict(**{name: tf.constant([getattr(one, name) for one in batch]) for name in INPUTS})
        total += sum(token_f1(s.decode(), one.answer) for s, one in zip(found["span"].numpy(), batch))
    return {**values, "vector_bytes": small.vectors.nbytes, "f1": 100 * total / len(examples)}


def _log(line: str) -> None:
    tqdm.write(line, file=sys.stderr)


if __name__ == "__main__":
    app.run(main)
