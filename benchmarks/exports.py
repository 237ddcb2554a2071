"""Measures size, speed, memory and scores of a student in every export format, and of teachers.

    .venv/bin/python -m benchmarks.exports --run_dir=RUN            # everything
    .venv/bin/python -m benchmarks.exports --run_dir=RUN --check    # compares only, without timings

Without ``--run_dir``, it takes the newest student under ``runs/``, such as that of ``make demo``, or trains a
student on the demo corpus (five minutes). Each export is read on one core in a process of its own that has
only the format's runtime (``benchmarks/export_probe.py``). Teachers are read in a process with this package:
those of the paper, at their published sizes with random weights, and trained teachers, which also have an F1.
Memory is that of the process after the second length. Standard error shows tables; the last line is JSON.
Spans, F1 and model cards are checked: if an export differs from the student, the command ends with an error
after all measurements.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Callable

from absl import app, flags
from absl import logging as absl_logging
from tqdm import tqdm

from benchmarks.export_probe import __file__ as PROBE
from benchmarks.export_scores import compared, complaints, keras_reader, pruned_row, score
from benchmarks.export_tables import TABLES
from benchmarks.export_teachers import TITLES, measure_teacher, teacher_row, teachers_beside
from holle_tf.system.child_process import in_child_process
from holle_tf.system.console_logging import configure_console
from pipelines.errors import UserError
from pipelines.files import atomic_file

logger = logging.getLogger("benchmarks.exports")  # which is __main__ when it runs as a program

_RUN = flags.DEFINE_string("run_dir", None, "run folder of a student; empty = the newest student")
_RUNS = flags.DEFINE_string(
    "runs_dir", "runs", "folder whose newest student is taken, or in which a student is trained"
)
_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000"], "words of the document, ascending")
_FORMATS = flags.DEFINE_list("formats", ["savedmodel", "onnx", "tflite"], "formats to export")
_TEACHERS = flags.DEFINE_list("teachers", [*TITLES], "teachers of the published sizes to measure too")
_TEACHER_RUNS = flags.DEFINE_list(
    "teacher_runs", None, "folders of trained teachers; by default those beside the student, empty = none"
)
_CHECK = flags.DEFINE_bool("check", False, "check sizes, scores and cards of the exports, without timings")
_KEEP = flags.DEFINE_string(
    "keep", None, "folder for exports and rows, so that an interrupted benchmark can continue"
)
_SET = flags.DEFINE_multi_string("set", [], "options of the student that is trained, as for holle_tf.main")

# Name in the table -> format, options of ExportConfig.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "SavedModel, float32": ("savedmodel", {}),
    "SavedModel, float16 word vectors": ("savedmodel", {"float16_embeddings": True}),
    **{
        f"{title}, {'float32' if kind == 'none' else kind}": (name, {"quantization": kind})
        for title, name in (("ONNX", "onnx"), ("TFLite", "tflite"))
        for kind in ("none", "float16", "int8")
    },
}
PRUNED: tuple[dict[str, Any], ...] = (
    {"max_words": 300},
    {"max_words": 300, "hash_buckets": 50},
    {"max_words": 300, "hash_buckets": 500},
)


def student_run() -> Any:
    """The run to export."""
    from holle_tf.config_sources import load_config, preset
    from holle_tf.runs.data import open_data
    from holle_tf.runs.prediction import newest_student
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.training.distillation import with_recipe
    from holle_tf.training.train import ensure_run

    if _RUN.value:
        return RunFolder(Path(_RUN.value))
    root = Path(_RUNS.value)
    if any(root.glob("*/sam-*/result.json")):
        return newest_student(root)
    flags = {"runs_dir": str(root)}
    config = load_config([preset("demo")], ["training.sam.epochs=6", *_SET.value], flags)
    config = with_recipe(config, "_train")
    return ensure_run(config, open_data(config))


def probe(name: str, folder: Path, vocabulary: int) -> dict[str, Any]:
    """The results of ``export_probe``."""
    command = [sys.executable, PROBE, name, str(folder), ",".join(_LENGTHS.value), str(vocabulary)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


class Report:
    """The JSON object to print, saved to a file after every measurement.

    Args:
        path: path of the file.
        of: what is measured.

    Raises:
        UserError: the file has measurements of something else.
    """

    def __init__(self, path: Path, of: dict[str, Any]):
        self._path = path
        self.values: dict[str, Any] = {"of": of, "rows": {}}
        if path.exists():
            self.values = json.loads(path.read_text(encoding="utf-8"))
        if self.values["of"] != of:
            raise UserError(
                f"{path.parent}: holds measurements of {self.values['of']}; choose another --keep."
            )

    def add(self, place: dict[str, Any], key: str, make: Callable[[], Any]) -> Any:
        """``place[key]``, made by ``make`` if it is missing; ``place`` is a part of ``values``."""
        if key not in place:
            place[key] = make()
            with atomic_file(self._path, "w") as file:
                file.write(json.dumps(self.values, indent=1) + "\n")
            logger.info(f"{key}: {json.dumps(place[key])}")
        return place[key]


def main(_: list[str]) -> None:
    configure_console()
    absl_logging.set_verbosity(absl_logging.WARNING)  # TensorFlow logs a lot for every SavedModel
    run = student_run()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(_KEEP.value or scratch)
        report = Report(folder / "rows.json", {"run": run.path.name, "lengths": _LENGTHS.value})
        chosen = {title: (n, options) for title, (n, options) in VARIANTS.items() if n in _FORMATS.value}
        score_exports(run, report, folder, chosen)
        if not _CHECK.value:
            time_exports(report, folder, chosen)
            time_teachers(run.path, report)
    values = report.values
    shown = ["parity"] if _CHECK.value else [mark for mark in TABLES if mark != "pruned" or mark in values]
    for mark in shown:
        logger.info(f"\n{TABLES[mark][1](values)}")
    print(json.dumps({key: value for key, value in values.items() if key != "speed"}))  # is in the rows
    if wrong := complaints(values["rows"], values["keras_f1"]):
        raise UserError("exports differ from their student:\n" + "\n".join(wrong))


def score_exports(run: Any, report: Report, folder: Path, chosen: dict[str, Any]) -> None:
    """Write the exports with their cards, and read the test split with each."""
    from holle_tf.export.formats import find_format
    from holle_tf.export.readback import load_halves, load_reader
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.data import open_data
    from holle_tf.runs.evaluation import ensure_scores
    from holle_tf.runs.exporting import export_student, student_of
    from holle_tf.runs.run_on_data import RunOnData
    from pipelines.encoding import encode
    from pipelines.records import read_examples

    config, student = run.config(), student_of(run)
    root = run.path.parent.parent
    if (root / "data").is_dir():  # a run that was moved finds its data beside it
        config = replace(config, runs_dir=str(root))
    prepared = open_data(config)
    ensure_scores(RunOnData(run, prepared, config), "test")  # which are on the cards
    examples = read_examples(prepared, "test")
    encoded = [encode(example, prepared.words, prepared.chars, config.data) for example in examples]
    longest, values = config.evaluation.max_span, report.values
    wanted = score(keras_reader(student), student.inputs, encoded, longest)
    values.update(examples=len(encoded), words=len(student.words), keras_f1=wanted.f1)

    def parity(read: Any) -> dict[str, Any]:
        return dict(compared(score(read, student.inputs, encoded, longest), wanted))

    def row(title: str) -> dict[str, Any]:
        name, given = chosen[title]
        options, place = ExportConfig(**given), folder / slug(title)
        export_student(student.shrunk(options), run, name, place, options)
        size = sum(checked_card(place).values())
        found = parity(load_reader(name, place))
        if find_format(name).has_halves(options):
            found["halves"] = parity(load_halves(name, place))
        vectors = student.vectors.size * _bytes_of_a_scalar(options)
        return {"bytes": size, "bytes_without_vectors": size - vectors, **found}

    for title in tqdm(chosen, desc="exports", disable=None):
        report.add(values["rows"], title, partial(row, title))
    if "savedmodel" in _FORMATS.value and not _CHECK.value:
        report.add(
            values, "pruned", lambda: [pruned_row(student, examples, limits, folder) for limits in PRUNED]
        )


def slug(title: str) -> str:
    """A title as the name of a folder."""
    return title.lower().replace(",", "").replace(" ", "-")


def checked_card(folder: Path) -> dict[str, int]:
    """Bytes of an export's files, as on its model card.

    Raises:
        UserError: the card is missing, it lacks the scores, or the files have other sizes.
    """
    from holle_tf.export.export_digests import CARD_JSON
    from holle_tf.export.model_card import CARD_TEXT, file_sizes

    try:
        card = json.loads((folder / CARD_JSON).read_text(encoding="utf-8"))
        text = (folder / CARD_TEXT).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; an export needs its model card.") from error
    sizes = {name: size for name, size in file_sizes(folder).items() if name not in (CARD_JSON, CARD_TEXT)}
    if card["sizes"] != sizes:
        raise UserError(f"{folder}: the card says {card['sizes']}, the files have {sizes}.")
    if not card["scores"] or f"{card['scores']['f1']['value']:.1f}" not in text:
        raise UserError(f"{folder}: the card has no scores; --mode=evaluate writes them, then export again.")
    return sizes


def time_exports(report: Report, folder: Path, chosen: dict[str, Any]) -> None:
    """Add start-up time, memory and milliseconds of every export to its row."""
    words, speed = report.values["words"], report.values.setdefault("speed", {})
    for title in tqdm(chosen, desc="speed of exports", disable=None):
        place, name = folder / slug(title), chosen[title][0]
        report.add(speed, title, partial(probe, name, place, words))
        report.values["rows"][title].update(speed[title])


def time_teachers(student: Path, report: Report) -> None:
    """Add a row for each teacher: those trained on these data, and those of the published sizes."""
    lengths = [int(length) for length in _LENGTHS.value]
    runs = _TEACHER_RUNS.value
    given: dict[str, tuple[str, Any, dict[str, Any]]] = {}
    for path in teachers_beside(student) if runs is None else [Path(run) for run in runs]:
        title, known = teacher_row(path, student)
        given[title] = (title.split()[0].lower(), str(path), known)
    given.update({f"{TITLES[model]}, published size": (model, None, {}) for model in _TEACHERS.value})
    for title, (model, path, known) in tqdm(given.items(), desc="teachers", disable=None):
        measure = partial(in_child_process, measure_teacher, model, path, lengths)
        report.add(report.values["rows"], title, partial(_joined, measure, known))


def _joined(measure: Callable[[], dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    """What is measured, replaced by what is known."""
    return {**measure(), **known}


def _bytes_of_a_scalar(options: Any) -> int:
    """Bytes of a scalar of the stored word vectors."""
    half = options.float16_embeddings or options.quantization == "float16"
    return 1 if options.quantization == "int8" else 2 if half else 4


if __name__ == "__main__":
    app.run(main)
