"""What an export says of the test split, and where that is not what its student says in Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

COMPARED = 100  # examples whose probabilities are compared
# An export of float32 weights is the student. Of fewer bytes it may say something else of a few examples.
MOST_DIFFERENCE = 1e-4  # of a probability, in float32
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
    """What a reader says of the test split.

    Attributes:
        spans: first and last word, of each example.
        f1: mean token F1, 0-100.
        likely: probabilities of the first COMPARED examples.
    """

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


def keras_reader(student: Any) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """A student's model as ``holle_tf.export.readback`` gives those of exports."""
    import tensorflow as tf

    from holle_tf.models.layers.masking import masked_softmax

    @tf.function(reduce_retracing=True)
    def probabilities(ids: Mapping[str, Any]) -> dict[str, Any]:
        outputs = student.model(ids, training=False)
        mask = outputs["document_mask"]
        return {f"{e}_probabilities": masked_softmax(outputs[f"{e}_logits"], mask) for e in ("start", "end")}

    return lambda ids: {name: value.numpy() for name, value in probabilities(ids).items()}


def compared(found: Scored, wanted: Scored) -> dict[str, float]:
    """F1, share of examples with the same span, and the largest difference of a probability."""
    import numpy as np

    pairs = zip(found.likely, wanted.likely)
    return {
        "f1": found.f1,
        "same_spans": sum(a == b for a, b in zip(found.spans, wanted.spans)) / len(wanted.spans),
        "largest_difference": max(float(np.abs(a[edge] - b[edge]).max()) for a, b in pairs for edge in b),
    }


def complaints(rows: Mapping[str, Mapping[str, Any]], keras_f1: float) -> list[str]:
    """Where exports are not their student, a sentence each.

    Args:
        rows: by title, ``FORMAT, KIND`` and more words, with what ``compared`` gives; others are passed over.
        keras_f1: of the student itself.
    """
    said = []
    for title, row in rows.items():
        if "same_spans" not in row:
            continue
        kind = title.split(", ")[1].split()[0]
        if kind == "float32" and row["largest_difference"] > MOST_DIFFERENCE:
            said.append(f"{title}: a probability is off by {row['largest_difference']:.1e}.")
        if row["same_spans"] < LEAST_SAME[kind]:
            said.append(f"{title}: the span is the same in {row['same_spans']:.1%} of the examples only.")
        if keras_f1 - row["f1"] > MOST_LOST[kind]:
            said.append(f"{title}: loses {keras_f1 - row['f1']:.2f} F1.")
    return said


def pruned_row(
    student: Any, examples: Sequence[Any], values: dict[str, Any], scratch: Path
) -> dict[str, Any]:
    """A SavedModel with fewer words: bytes and F1, from texts."""
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
        found = predict(**{name: tf.constant([getattr(one, name) for one in batch]) for name in INPUTS})
        total += sum(token_f1(s.decode(), one.answer) for s, one in zip(found["span"].numpy(), batch))
    return {**values, "vector_bytes": small.vectors.nbytes, "f1": 100 * total / len(examples)}
