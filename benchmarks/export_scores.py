"""Scores an export on the test split and compares its answers with those of its student in Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

COMPARED = 100  # examples whose probabilities are compared
# An export with float32 weights equals the student. With smaller weights, a few answers may differ.
MOST_DIFFERENCE = 1e-4  # between probabilities, in float32
LEAST_SAME = {"float32": 0.995, "float16": 0.98, "int8": 0.9}  # share of examples with the same span
MOST_LOST = {"float32": 0.1, "float16": 0.5, "int8": 0.3}  # F1, of 100


def best_span(start: Any, end: Any, longest: int) -> tuple[int, int]:
    """First and last word of the likeliest span of at most ``longest`` words."""
    found = (-1.0, 0, 0)
    for more in range(min(longest, len(start))):
        scores = start[: len(start) - more] * end[more:]
        i = int(scores.argmax())
        found = max(found, (float(scores[i]), i, i + more))
    return found[1:]


class Scored(NamedTuple):
    """A reader's answers on the test split.

    Attributes:
        spans: first and last word of the best span of each example.
        f1: mean token F1, 0-100.
        likely: probabilities for the first COMPARED examples.
    """

    spans: list[tuple[int, int]]
    f1: float
    likely: list[Mapping[str, Any]]


def score(
    read: Callable[[Mapping[str, Any]], Mapping[str, Any]], inputs: Sequence[str], encoded: list, longest: int
) -> Scored:
    """Read the examples one by one, those inputs of them, and score the answers."""
    import numpy as np

    from holle_tf.evaluate.scores import token_f1

    spans, total = [], 0.0
    kept: list[Mapping[str, Any]] = []
    for features in encoded:
        ids = {name: getattr(features, name)[None] for name in inputs}
        # A text without words gets a word of padding, because TensorFlow Lite does not take empty texts.
        likely = read({name: row if row.size else np.zeros((1, 1), np.int32) for name, row in ids.items()})
        i, j = best_span(likely["start_probabilities"][0], likely["end_probabilities"][0], longest)
        spans.append((i, j))
        text = features.example.document[features.token_starts[i] : features.token_ends[j]]
        total += token_f1(text, features.example.answer)
        if len(kept) < COMPARED:
            kept.append(likely)
    return Scored(spans, 100 * total / len(encoded), kept)


def keras_reader(student: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """A reader of the student's model, like those of ``holle_tf.export.readback`` for exports."""
    import tensorflow as tf

    from holle_tf.models.outputs import span_probabilities

    @tf.function(reduce_retracing=True)
    def probabilities(ids: Mapping[str, Any]) -> dict[str, Any]:
        return span_probabilities(student.model(ids, training=False))

    return lambda ids: {name: value.numpy() for name, value in probabilities(ids).items()}


def compared(found: Scored, wanted: Scored) -> dict[str, float]:
    """F1, share of examples with the same span, and largest difference between probabilities."""
    import numpy as np

    pairs = zip(found.likely, wanted.likely)
    return {
        "f1": found.f1,
        "same_spans": sum(a == b for a, b in zip(found.spans, wanted.spans)) / len(wanted.spans),
        "largest_difference": max(float(np.abs(a[edge] - b[edge]).max()) for a, b in pairs for edge in b),
    }


def complaints(rows: Mapping[str, Mapping[str, Any]], keras_f1: float) -> list[str]:
    """A sentence for each way in which an export differs from its student.

    Args:
        rows: results of ``compared`` by title, ``FORMAT, KIND ...``, and those of an export's halves among
            them as ``halves``; other rows are ignored.
        keras_f1: F1 of the student itself.
    """
    said = []
    halves = {f"{title}, in halves": row["halves"] for title, row in rows.items() if "halves" in row}
    for title, row in {**rows, **halves}.items():
        if "same_spans" not in row:
            continue
        kind = title.split(", ")[1].split()[0]
        if kind == "float32" and row["largest_difference"] > MOST_DIFFERENCE:
            said.append(f"{title}: a probability is off by {row['largest_difference']:.1e}.")
        if row["same_spans"] < LEAST_SAME[kind]:
            said.append(f"{title}: the span is the same in only {row['same_spans']:.1%} of the examples.")
        if keras_f1 - row["f1"] > MOST_LOST[kind]:
            said.append(f"{title}: loses {keras_f1 - row['f1']:.2f} F1.")
    return said


def pruned_row(
    student: Any, examples: Sequence[Any], values: dict[str, Any], scratch: Path
) -> dict[str, Any]:
    """Bytes and F1 of a SavedModel with fewer words, which reads texts."""
    import tensorflow as tf

    from holle_tf.evaluate.scores import token_f1
    from holle_tf.models.sam import INPUTS
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import write_export

    options = ExportConfig(**values)
    small, folder = student.shrunk(options), scratch / "-".join(map(str, values.values()))
    write_export(small, "savedmodel", folder, options)
    predict = tf.saved_model.load(str(folder / "1")).signatures["serving_default"]
    total = 0.0
    for i in range(0, len(examples), 32):
        batch = examples[i : i + 32]
        texts = {name: tf.constant([getattr(example, name) for example in batch]) for name in INPUTS}
        spans = predict(**texts)["span"].numpy()
        total += sum(token_f1(span.decode(), example.answer) for span, example in zip(spans, batch))
    return {**values, "vector_bytes": small.vectors.nbytes, "f1": 100 * total / len(examples)}
