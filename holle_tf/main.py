"""Distil a heavy reading-comprehension model into a small one, on chats about documents.

Examples, one for each mode:
  python -m holle_tf.main --mode=distill --teacher=qanet
      the whole job on the embedded demo corpus: teacher, student, scores, pictures
  python -m holle_tf.main --mode=distill --teacher=qanet --data_dir=HOLLE --glove=glove.6B.zip
      the same on your data (train_data.json, dev_data.json, test_data.json)
  python -m holle_tf.main --mode=prepare --data_dir=HOLLE --glove=glove.6B.zip --setup=ld
      raw chats to records, for the long documents
  python -m holle_tf.main --mode=train --model=sam --interaction=mul --seed=1
      one model on its own labels; by several GPUs or hosts: --strategy, docs/scaling.md
  python -m holle_tf.main --mode=recipes
      the variants of the objective, a sentence each
  python -m holle_tf.main --mode=distill --recipe=add_topk --teacher=qanet
      one of them; --recipe=add_both --teacher=bidaf,qanet learns from two teachers
  python -m holle_tf.main --mode=tune --model=sam --tuner=grid --objective=val_f1
      the best values of a space (--set tuning.space=quick); docs/tuning.md has more
  python -m holle_tf.main --mode=evaluate --run_dir=RUN --split=dev
      scores of a run, beside the baselines
  python -m holle_tf.main --mode=baselines
      the baselines beside every run on the same data
  python -m holle_tf.main --mode=predict --run_dir=RUN --input=chat.json
      the span that answers a chat: {"document": "...", "chat": ["...", "the query"]}
  python -m holle_tf.main --mode=export --run_dir=RUN --format=savedmodel,onnx
      a student for programs without this package, in RUN/export; also tflite
  python -m holle_tf.main --mode=serve --run_dir=STUDENT,TEACHER
      a page to talk to them, and a REST service; docs/serving.md
  python -m holle_tf.main --mode=benchmark
      memory and time of all models, beside the paper's (its tables 1 and 5)
  python -m holle_tf.main --mode=report --size=demo --plan
      all tables of the paper beside its numbers: which runs that takes; without --plan they are made
Anything else is configuration: --set training.sam.epochs=5, or --config=FILE.yaml; --config=smoke makes
everything tiny, to see in a minute whether it works. A stage whose
input has not changed is not done again, and an interrupted training goes on when asked again.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, Optional

# TensorFlow's start-up messages say nothing to a user; they are read at import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags
from absl.logging import converter

from holle_tf.system.console_logging import Console, configure_console
from pipelines.errors import UserError
from pipelines.options import SETUPS

if TYPE_CHECKING:
    from holle_tf.config import Config

logger = logging.getLogger("holle_tf.main")  # which is __main__ when it runs as a program


class _VerbosityParser(flags.IntegerParser):
    """absl's numbers, or their names."""

    def parse(self, argument: str) -> int:
        return super().parse(converter.ABSL_NAMES.get(str(argument).upper(), argument))


flags.FLAGS["verbosity"].parser = _VerbosityParser()

MODES = (
    "prepare", "train", "distill", "recipes", "tune", "evaluate", "baselines", "predict", "export",
    "serve", "benchmark", "report",
)  # fmt: skip
_MODE = flags.DEFINE_enum("mode", None, MODES, "What to do.")
_MODEL = flags.DEFINE_string(
    "model", None, "What --mode=train trains and --mode=tune searches (default sam)."
)
_INTERACTION = flags.DEFINE_enum(
    "interaction", None, ["add", "mul"], "How SAM combines vectors (default add)."
)
_RECIPE = flags.DEFINE_string(
    "recipe",
    None,
    "A variant of the paper, as add_topk; --mode=recipes lists them (default: add, or add_train for "
    "--mode=train).",
)
_TEACHER = flags.DEFINE_string(
    "teacher",
    None,
    "Whom --mode=distill learns from: bidaf, qanet, or several as bidaf,qanet or qanet,qanet (runs of two "
    "seeds). It needs this or --teacher_run.",
)
_TEACHER_RUN = flags.DEFINE_list(
    "teacher_run",
    None,
    "Run folder of a trained teacher to use as it is, or several with commas between them.",
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Folder with Holl-E's train/dev/test_data.json[.gz] (default: the demo corpus)."
)
_GLOVE = flags.DEFINE_string(
    "glove",
    None,
    "Stanford GloVe file (.txt, .gz, .zip; of a .zip the 100-d vectors), or none to learn "
    "the word vectors; needed with --data_dir.",
)
_SETUP = flags.DEFINE_enum(
    "setup",
    None,
    list(SETUPS),
    "Which document: short (sd, the default), long (ld), a random piece of the long one (windows), untrimmed "
    "(full), one resource (oracle).",
)
_RUN_DIR = flags.DEFINE_string(
    "run_dir",
    None,
    "Run folder (default: one under --runs_dir, named after the run); several with commas for --mode=serve.",
)
_PORT = flags.DEFINE_integer(
    "port", None, "Where --mode=serve listens (default 8501; 0: any free port).", lower_bound=0
)
_EXPORT_DIR = flags.DEFINE_string(
    "export_dir", None, "Folder of an ONNX export for --mode=serve, or several with commas."
)
_RUNS_DIR = flags.DEFINE_string("runs_dir", None, "Where prepared data and runs go (default: runs).")
_SPLIT = flags.DEFINE_enum(
    "split", "test", ["train", "dev", "test"], "What --mode=evaluate and --mode=baselines score."
)
_INPUT = flags.DEFINE_string(
    "input", None, "JSON file with the chat to predict, - for standard input (default: ask)."
)
_FORMAT = flags.DEFINE_list(
    "format", ["savedmodel"], "What --mode=export writes: savedmodel, tflite, onnx, or several with commas."
)
_SIZE = flags.DEFINE_enum(
    "size", "demo", ["smoke", "demo", "full"],
    "Of --mode=report: smoke, whether all works, in minutes; demo, small models on the demo corpus; full, "
    "published sizes on your data.",
)  # fmt: skip
_PLAN = flags.DEFINE_bool("plan", False, "With --mode=report, say what it would run and how long, and stop.")
_EXISTING = flags.DEFINE_bool(
    "existing", False, "With --mode=report, train nothing: report what is finished."
)
_OUTPUT = flags.DEFINE_string(
    "output",
    None,
    "Folder that --mode=export writes (default: RUN/export), or --mode=report (RUNS_DIR/report-SIZE).",
)
_MULTI_REFERENCE = flags.DEFINE_string(
    "multi_reference",
    None,
    "Holl-E's multi_reference_test.json[.gz]: --mode=evaluate and report also score against all its spans.",
)
_SEED = flags.DEFINE_integer("seed", None, "Of weights, dropout and the order of examples (default 0).")
_LIMIT = flags.DEFINE_integer("limit", None, "Read only the first N examples of each split.", lower_bound=1)
_BEAM_OPTIONS = flags.DEFINE_string(
    "beam_options",
    None,
    "Let Apache Beam do --mode=prepare, with these options (docs/preparing.md), as --runner=FlinkRunner.",
)
_PROFILE = flags.DEFINE_bool("profile", False, "Write a TensorBoard trace of ten training steps.")
_MIXED_PRECISION = flags.DEFINE_enum(
    "mixed_precision", None, ["auto", "none", "bfloat16", "float16"],
    "Number format of all models (default auto: bfloat16 for teachers where the CPU has it).",
)  # fmt: skip
_STRATEGY = flags.DEFINE_enum(
    "strategy", None, ["auto", "one", "mirrored", "multiworker"],
    "Devices of --mode=train and distill (default auto): one; all local GPUs; or the processes of TF_CONFIG "
    "(docs/scaling.md).",
)  # fmt: skip
_TUNER = flags.DEFINE_enum(
    "tuner", None, ["auto", "grid", "random", "hyperband", "bayesian"], "How --mode=tune searches."
)
_OBJECTIVE = flags.DEFINE_string(
    "objective", None, "What --mode=tune looks for: val_f1 (the default), val_em or val_loss."
)
_TUNER_WORKERS = flags.DEFINE_integer(
    "tuner_workers",
    None,
    "Local processes that run the trials of --mode=tune at the same time.",
    lower_bound=1,
)
_TUNER_ROLE = flags.DEFINE_enum(
    "tuner_role", None, ["chief", "worker"], "Of this process in a search over several machines."
)
_TUNER_ID = flags.DEFINE_string("tuner_id", None, "Name of this worker, unlike that of every other.")
_TUNER_ADDRESS = flags.DEFINE_string("tuner_address", None, "HOST:PORT where the chief listens.")
_CONFIG = flags.DEFINE_multi_string(
    "config",
    [],
    "YAML file of configuration, or a preset (cpu, demo, smoke); repeatable, the later over the earlier.",
)
_PLUGIN = flags.DEFINE_multi_string(
    "plugin",
    [],
    "Module, or .py file, of your own that registers models, terms, readers, scores or export formats"
    " (docs/extending.md); repeatable.",
)
_SET = flags.DEFINE_multi_string(
    "set", [], "One option of the configuration, as training.sam.epochs=5; repeatable."
)


def main(argv: list[str]) -> None:
    """Run one mode; faults of the input end in one line and exit status 2."""
    _configure_logging()
    try:
        if argv[1:]:
            raise UserError(f"{argv[1]!r} is not a flag; see --help.")
        if _MODE.value is None:
            raise UserError(f"--mode is missing, one of {', '.join(MODES)}; see --help.")
        _run()
    except UserError as error:
        _fail(str(error), 2)
    except Exception as error:  # two faults of the machine that a user can mend; others are ours
        message = str(error)
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left on device" in message:
            _fail("no space left on the disk; free some, then the same command goes on.", 2)
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            _fail(
                "out of memory; by --set lower training.<model>.batch_size, or evaluation.batch_size where"
                " runs are scored or teachers read; or take shorter documents.",
                2,
            )
        traceback.print_exc()
        _end(1)
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on after the last whole epoch.", 130)
    _end(0)


def _configure_logging() -> None:
    """Show lines as ``--verbosity`` says, and of other packages warnings at most."""
    level = converter.absl_to_standard(flags.FLAGS.verbosity)
    configure_console(Console(level))
    logging.getLogger().setLevel(max(level, logging.WARNING))
    # TensorFlow's warnings, of retraced functions, are for its programmers.
    logging.getLogger("tensorflow").setLevel(max(level, logging.ERROR))


def _run() -> None:
    from holle_tf.config import config_file, load_config, preset
    from holle_tf.mode_flags import MODES_OF, check_flags
    from holle_tf.system.memory import keep_freed_memory

    keep_freed_memory()
    check_flags(_MODE.value, [name for name in MODES_OF if flags.FLAGS[name].present])
    chosen = {
        "model": _MODEL.value, "sam.interaction": _INTERACTION.value, "recipe": _RECIPE.value,
        "teacher": _TEACHER.value, "data_dir": _DATA_DIR.value, "glove": _GLOVE.value,
        "data.setup": _SETUP.value, "runs_dir": _RUNS_DIR.value, "seed": _SEED.value, "limit": _LIMIT.value,
        "profile": _PROFILE.value or None, "plugins": _PLUGIN.value or None, "serve.port": _PORT.value,
        "tuning.tuner": _TUNER.value, "tuning.objective": _OBJECTIVE.value,
        "tuning.workers": _TUNER_WORKERS.value, "strategy.kind": _STRATEGY.value,
    }  # fmt: skip
    given = {key: value for key, value in chosen.items() if value is not None}
    if _MIXED_PRECISION.value is not None:
        given["training.*.mixed_precision"] = _MIXED_PRECISION.value
    files = [config_file(text) for text in _CONFIG.value]
    config = load_config(files, _SET.value, given)
    mode, run_dir = _MODE.value, _RUN_DIR.value
    if mode == "report":
        from holle_tf.modes.report import Request, report_mode

        def load(*presets: str) -> Config:
            return load_config([*map(preset, presets), *files], _SET.value, given)

        asked = Request(_SIZE.value, _PLAN.value, _EXISTING.value, _OUTPUT.value, _MULTI_REFERENCE.value)
        status = report_mode(load, asked)
        if status:
            sys.exit(status)
        return
    # Small models for a small corpus, unless the user says otherwise; costs are those of the published sizes.
    if not config.data_dir and mode != "benchmark":
        config = load_config([preset("demo"), *files], _SET.value, given)
    if mode == "serve":
        from holle_tf.modes.serve import serve_mode

        serve_mode(config, run_dir, _EXPORT_DIR.value)
        return
    from holle_tf.modes import all_modes as modes

    if mode in ("train", "distill"):
        _train(config, mode, run_dir)
    elif mode == "recipes":
        modes.recipes_mode(config)
    elif mode == "prepare":
        modes.prepare_mode(config, _BEAM_OPTIONS.value)
    elif mode == "tune":
        from holle_tf.modes.tune import choose_role, tune_mode

        role = choose_role(_TUNER_ROLE.value, _TUNER_ID.value, _TUNER_ADDRESS.value, config.tuning.workers)
        tune_mode(config, run_dir, _TEACHER_RUN.value, role)
    elif mode == "evaluate":
        modes.evaluate_mode(config, run_dir, _SPLIT.value, _MULTI_REFERENCE.value)
    elif mode == "export":
        from holle_tf.runs.exporting import export_mode

        export_mode(config, run_dir, _FORMAT.value, _OUTPUT.value)
    elif mode == "benchmark":
        modes.benchmark_mode(config, [_SETUP.value] if _SETUP.value else ["sd", "ld"])
    elif mode == "baselines":
        modes.baselines_mode(config, _SPLIT.value)
    else:
        modes.predict_mode(config, run_dir, _INPUT.value)


def _train(config: Config, mode: str, run_dir: Optional[str]) -> None:
    """The modes that several devices can share."""
    from holle_tf.modes import all_modes as modes
    from holle_tf.system.console_logging import prefix_lines
    from holle_tf.system.devices import PeerLost, begin_anew, choose_devices

    devices = choose_devices(config.strategy)
    if not devices.chief:
        prefix_lines(f"{devices.cluster.name}: ")
    try:
        if mode == "train":
            modes.train_mode(config, run_dir, devices)
        else:
            modes.distill_mode(config, run_dir, _TEACHER_RUN.value, devices)
    except PeerLost as lost:
        logger.warning(str(lost))
        begin_anew(config.strategy)


def _end(status: int) -> None:
    # A process that listens for others ends in a way of its own.
    devices = sys.modules.get("holle_tf.system.devices")
    if devices is not None:
        devices.end(status)
    if status:
        sys.exit(status)


def _fail(message: str, status: int) -> None:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    _end(status)


def command() -> None:
    """The console script ``holle-tf``."""
    sys.modules["__main__"].__doc__ = __doc__  # absl's --help shows this text,
    sys.argv[0] = __name__  # and the flags of the module of this name
    app.run(main)


if __name__ == "__main__":
    app.run(main)
