"""Whether one TensorFlow reads what another has written: ``python -m tests.exchange write|read FOLDER``.

``write`` distils a tiny student, exports it in every format, and records what the run and its exports answer.
``read``, under another Python, compares its own answers from the same files with these, and asks for the same
distillation again, which has to find the finished runs.
"""

import sys
from pathlib import Path

import holle_tf  # isort: skip  before TensorFlow, whose options it sets
import numpy as np

FORMATS = ("savedmodel", "onnx", "tflite")
TOLERANCE = 1e-4  # relative to the largest value: the probabilities of so small a model are all low
TEXTS = (
    ("The film — a “gem” 😀 — cost $2.8 million. I DON'T.", ("Seen it?", "Twice!", "What did it cost?")),
    ("It was a good film, and the end is sad. I liked the music of it.", ("how is the end ?",)),
    ("A film.", ("", "good")),
)  # fmt: skip


def distilled(folder):
    """The run of the student, and that of its teacher."""
    config = holle_tf.load_config(
        "smoke", {"board.enabled": False}, teacher="qanet", runs_dir=folder / "runs"
    )
    student = holle_tf.distill(config)
    (teacher,) = (path.parent for path in (folder / "runs").glob("*/qanet*/result.json"))
    return student, teacher


def export(run, folder):
    """Every format of the student of ``run``, as folder / format."""
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import export_student, student_of

    for name in FORMATS:
        export_student(student_of(run), run, name, folder / name, ExportConfig())


def answers(student, teacher, exports):
    """Name -> array of what each file answers."""
    import tensorflow as tf

    from holle_tf.export.readback import load_reader, random_words
    from holle_tf.models.sam import INPUTS

    found = {}
    for name, run in (("student", student.path), ("teacher", teacher)):
        given = holle_tf.load(run).predict_batch(TEXTS)
        found[f"{name}: spans"] = np.array([(answer.start_char, answer.end_char) for answer in given])
        found[f"{name}: scores"] = np.array([answer.score for answer in given])
    found["student: F1"] = np.array(holle_tf.evaluate(student)["f1"])
    for name in FORMATS:
        read = load_reader(name, exports / name)
        for edge, values in read(random_words(INPUTS, 60, vocabulary=300)).items():
            if edge.endswith("_probabilities"):
                found[f"{name}: {edge}"] = np.asarray(values)
    texts = {
        "document": [document for document, _ in TEXTS],
        "query": [chat[-1] for _, chat in TEXTS],
        "prober_history": ["", "hm ?", "What — “this” ? 😀"],
        "responder_history": ["earlier", "", "I DON'T."],
    }
    serve = tf.saved_model.load(str(exports / "savedmodel" / "1")).signatures["serving_default"]
    for name, values in serve(**{name: tf.constant(texts[name]) for name in texts}).items():
        if name in ("start_char", "end_char", "score"):
            found[f"savedmodel, texts: {name}"] = values.numpy()
    return found


def write(folder):
    """See above."""
    student, teacher = distilled(folder)
    export(student, folder / "exports")
    np.savez(folder / "answers.npz", **answers(student, teacher, folder / "exports"))


def read(folder):
    """See above; the names of what differs."""
    (path,) = (path.parent for path in (folder / "runs").glob("*/sam-*qanet*/result.json"))
    before = (path / "metrics.jsonl").stat().st_mtime
    student, teacher = distilled(folder)
    assert student.path == path and (path / "metrics.jsonl").stat().st_mtime == before, "it was trained again"
    there = dict(np.load(folder / "answers.npz"))
    here = answers(student, teacher, folder / "exports")
    assert set(here) == set(there)
    differences = {
        name: float(np.max(np.abs(here[name] - there[name])) / max(np.max(np.abs(there[name])), 1e-9))
        for name in here
    }
    for name, difference in differences.items():
        print(f"{name:32} {difference:.1e}")
    return [name for name, difference in differences.items() if difference > TOLERANCE]


if __name__ == "__main__":
    action, folder = sys.argv[1], Path(sys.argv[2])
    different = {"write": write, "read": read}[action](folder)
    if different:
        sys.exit(f"error: answers differ: {', '.join(different)}")
