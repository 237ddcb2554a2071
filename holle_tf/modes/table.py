"""The modes of the command line: one row for each, without TensorFlow.

From the rows come the choices of ``--mode``, the check of which flags belong to which mode, the text of
``--help``, and what is called. A new mode is one file with its handler beside this one, and one row here. A
new flag is defined in ``holle_tf/flags.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Callable, Collection

from pipelines.errors import UserError

PUBLISHED, DEMO, OWN = "published", "demo", "own"  # see ``Mode.sizes``


@dataclass(frozen=True)
class Mode:
    """A row of the table.

    Attributes:
        summary: a sentence for ``--help``.
        example: flags beside ``--mode`` in the example of ``--help``; empty = none.
        handler: "module:function", imported when it is called. It takes the configuration, and returns the
            exit status or None.
        options: flags that set options of the configuration.
        arguments: flags that are passed to the handler, by name.
        sizes: which models there are by default. demo: small ones, unless the data are the user's. published:
            those of the publications. own: the handler decides, and takes a function (names of presets) ->
            configuration in place of the configuration.
    """

    summary: str
    example: str
    handler: str
    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    sizes: str = DEMO

    def load(self) -> Callable[..., Any]:
        """The handler."""
        return resolve_name(self.handler)


_DATA = ("setup", "limit")
_TRAINING = (*_DATA, "seed", "mixed_precision", "interaction", "recipe")

MODES: dict[str, Mode] = {
    "prepare": Mode(
        "Turn raw chats into vocabularies, word vectors and training records.",
        "--data_dir=HOLLE --glove=glove.6B.zip --setup=ld",
        "holle_tf.modes.prepare:prepare_mode",
        _DATA,
        ("beam_options", "write_examples"),
    ),
    "train": Mode(
        "Train one model on the labels and score it.",
        "--model=sam --interaction=mul --seed=1",
        "holle_tf.modes.train:train_mode",
        (*_TRAINING, "model", "strategy", "profile"),
        ("run_dir",),
    ),
    "distill": Mode(
        "Train a teacher, or find a trained one, then train a student from it and compare them.",
        "--teacher=qanet",
        "holle_tf.modes.distill:distill_mode",
        (*_TRAINING, "model", "teacher", "strategy", "profile"),
        ("run_dir", "teacher_run"),
    ),
    "recipes": Mode(
        "List the training objectives that --recipe can choose.", "", "holle_tf.modes.recipes:recipes_mode"
    ),
    "options": Mode(
        "List every option of the configuration, with its value, range and meaning.",
        "",
        "holle_tf.modes.options:options_mode",
    ),
    "tune": Mode(
        "Search for the best hyperparameters (docs/tuning.md).",
        "--model=sam --tuner=grid --objective=val_f1",
        "holle_tf.modes.tune:tune_mode",
        (*_TRAINING, "model", "teacher", "tuner", "objective", "tuner_workers"),
        ("run_dir", "teacher_run", "tuner_role", "tuner_id", "tuner_address"),
    ),
    "evaluate": Mode(
        "Score a finished run beside the baselines.",
        "--run_dir=RUN --split=dev",
        "holle_tf.modes.evaluate:evaluate_mode",
        ("setup", "teacher"),
        ("run_dir", "split", "multi_reference", "write_scores"),
    ),
    "baselines": Mode(
        "Compare the baselines with every finished run on the same data.",
        "",
        "holle_tf.modes.baselines:baselines_mode",
        (*_DATA, "seed"),
        ("split",),
    ),
    "predict": Mode(
        'Find the answer to a chat: {"document": "...", "chat": ["...", "the query"]}.',
        "--run_dir=RUN --input=chat.json",
        "holle_tf.modes.predict:predict_mode",
        (),
        ("run_dir", "input", "output", "strict", "export_dir", "beam_options"),
    ),
    "export": Mode(
        "Write a student in a format that other programs load (docs/export.md).",
        "--run_dir=RUN --format=savedmodel,onnx",
        "holle_tf.modes.export:export_mode",
        (),
        ("run_dir", "format", "output"),
    ),
    "encode": Mode(
        "Read a collection of documents once and keep what was read (docs/documents.md).",
        "--input=docs.jsonl --output=STORE --export_dir=EXPORT",
        "holle_tf.modes.encode:encode_mode",
        (),
        ("run_dir", "export_dir", "input", "output", "strict", "beam_options"),
    ),
    "serve": Mode(
        "Start a web page to chat with models, and a REST service (docs/serving.md).",
        "--run_dir=STUDENT,TEACHER",
        "holle_tf.modes.serve:serve_mode",
        ("port",),
        ("run_dir", "export_dir", "documents"),
    ),
    "benchmark": Mode(
        "Measure memory and time of all models (the paper's tables 1 and 5).",
        "",
        "holle_tf.modes.benchmark:benchmark_mode",
        ("limit", "seed", "mixed_precision"),
        ("setup",),
        PUBLISHED,
    ),
    "report": Mode(
        "Make the paper's tables; --plan only lists the runs that this takes (docs/report.md).",
        "--size=demo --plan",
        "holle_tf.modes.report:report_mode",
        ("limit", "seed", "mixed_precision"),
        ("size", "plan", "existing", "output", "multi_reference"),
        OWN,
    ),
}

# What to do about a flag that a mode does not have, if not to leave it out.
_INSTEAD = {
    ("size", "train"): "--config=smoke makes everything tiny",
    ("size", "distill"): "--config=smoke makes everything tiny",
}

_HELP = """Distil a large reading-comprehension model into a small one that answers chats about documents.

Usage: python -m holle_tf.main --mode=MODE [flags]
   or: holle-tf --mode=MODE [flags]

The modes, with an example of each:
{modes}
Without --data_dir, every mode works on the embedded demo corpus. To use your own data:
  --mode=distill --teacher=qanet --data_dir=HOLLE --glove=glove.6B.zip

Every other option is part of the configuration. Set it with --set, such as --set training.sam.epochs=5, or in
a file with --config=FILE.yaml. --config=smoke makes everything tiny, to check in a minute that it works.

The same command skips work that is already done and resumes an interrupted training.
"""


def modes_of(flag: str) -> tuple[str, ...]:
    """The modes that have a flag; none if all of them have it."""
    return tuple(name for name, mode in MODES.items() if flag in (*mode.options, *mode.arguments))


def check_flags(mode: str, given: Collection[str]) -> None:
    """Check that a mode has all the flags that are given.

    Args:
        given: names of flags.

    Raises:
        UserError: ``mode`` does not have a flag, which is named, or two flags exclude each other.
    """
    for name in given:
        modes = modes_of(name)
        if modes and mode not in modes:
            instead = _INSTEAD.get((name, mode), f"leave it out of --mode={mode}")
            raise UserError(f"--{name} is for --mode={_either(modes)}; {instead}.")
    if {"teacher", "teacher_run"} <= set(given):
        raise UserError("--teacher trains a teacher, and --teacher_run takes a trained one; leave out one.")


def help_text() -> str:
    """What ``--help`` says before the list of flags."""
    lines = []
    for name, mode in MODES.items():
        lines += [f"  --mode={name} {mode.example}".rstrip(), f"      {mode.summary}"]
    return _HELP.format(modes="\n".join(lines) + "\n")


def _either(names: Collection[str]) -> str:
    """As "a", "a or b", "a, b or c"."""
    *some, last = names
    return f"{', '.join(some)} or {last}" if some else last
