"""The flags of the command line. Which mode has which flags is in ``holle_tf/modes/table.py``."""

from __future__ import annotations

from typing import Any, Callable, Optional

from absl import flags
from absl.logging import converter

from holle_tf.modes.table import MODES, modes_of
from holle_tf.options.distill import INTERACTIONS
from holle_tf.options.strategy import STRATEGIES
from holle_tf.options.tuning import TUNERS
from pipelines.options import SETUPS

NAMES: list[str] = []  # of the flags that are defined here
OPTIONS: dict[str, str] = {}  # flag -> the option of the configuration that it sets


class _VerbosityParser(flags.IntegerParser):
    """Parses absl's numbers of levels, or their names."""

    def parse(self, argument: str) -> int:
        return super().parse(converter.ABSL_NAMES.get(str(argument).upper(), argument))


flags.FLAGS["verbosity"].parser = _VerbosityParser()


def _flag(
    define: Callable[..., Any],
    name: str,
    help: str,
    default: Any = None,
    option: Optional[str] = None,
    **choices: Any,
) -> None:
    """Define a flag.

    Args:
        define: ``flags.DEFINE_...``.
        help: a sentence; the modes that have the flag are added to it.
        option: option of the configuration that the flag sets.
        choices: further arguments of ``define``.
    """
    NAMES.append(name)
    if option:
        OPTIONS[name] = option
    modes = modes_of(name)
    define(name, default=default, help=help + (f" Modes: {', '.join(modes)}." if modes else ""), **choices)


_flag(flags.DEFINE_enum, "mode", "What to do.", enum_values=list(MODES))

# The configuration, the data and the folders.
_flag(
    flags.DEFINE_multi_string,
    "config",
    "YAML configuration file, or a preset (cpu, demo, smoke). Later ones override earlier ones.",
    [],
)
_flag(
    flags.DEFINE_multi_string,
    "set",
    "One option of the configuration, such as training.sam.epochs=5.",
    [],
)
_flag(
    flags.DEFINE_multi_string,
    "plugin",
    "Your own module, or .py file, that registers models, terms, readers, scores or export formats"
    " (docs/extending.md).",
    [],
    "plugins",
)
_flag(
    flags.DEFINE_string,
    "data_dir",
    "Folder with the raw data: Holl-E's train_data.json, dev_data.json and test_data.json, plain or .gz"
    " (default: the demo corpus).",
    option="data_dir",
)
_flag(
    flags.DEFINE_string,
    "glove",
    "GloVe word vectors: a .txt, .gz or .zip file (from a .zip, those of 100 dimensions), or none to learn"
    " the vectors. Required with --data_dir.",
    option="glove",
)
_flag(
    flags.DEFINE_string, "runs_dir", "Folder for prepared data and runs (default: runs).", option="runs_dir"
)
_flag(
    flags.DEFINE_enum,
    "setup",
    "Which document belongs to a chat: short (sd, the default), long (ld), a random part of the long one"
    " (windows), the untrimmed one (full), or the resource that has the answer (oracle, oracle_full).",
    option="data.setup",
    enum_values=list(SETUPS),
)
_flag(
    flags.DEFINE_integer,
    "limit",
    "Read only the first N examples of each split.",
    option="limit",
    lower_bound=1,
)
_flag(
    flags.DEFINE_string,
    "beam_options",
    "Prepare the data, encode documents or answer many chats by an export, with Apache Beam and these"
    " options, such as --runner=FlinkRunner (docs/preparing.md).",
)
_flag(
    flags.DEFINE_string,
    "write_examples",
    "Folder for the prepared examples as JSON lines, for a teacher outside this project (docs/teachers.md).",
)

# Training.
_flag(
    flags.DEFINE_string,
    "model",
    "Model to train or to search, or student to distil (default: sam).",
    option="model",
)
_flag(
    flags.DEFINE_enum,
    "interaction",
    "How the student combines vectors (default: add).",
    option="student.interaction",
    enum_values=list(INTERACTIONS),
)
_flag(
    flags.DEFINE_string,
    "recipe",
    "Training objective, such as add_topk; --mode=recipes lists them (default: add, or add_train with"
    " --mode=train).",
    option="recipe",
)
_flag(
    flags.DEFINE_string,
    "teacher",
    "Model to learn from: bidaf, qanet, a file of scores as scores:FILE (docs/teachers.md), or several"
    " separated by commas; qanet,qanet are two runs with different seeds. --mode=distill needs this or"
    " --teacher_run. --mode=evaluate scores such files.",
    option="teacher",
)
_flag(
    flags.DEFINE_string,
    "teacher_run",
    "Run folder of a trained teacher, scores:FILE, or several separated by commas.",
)
_flag(
    flags.DEFINE_string,
    "run_dir",
    "Run folder, or folder of the search (default: for training and search, a new one under"
    " --runs_dir; otherwise the newest student). --mode=serve takes several, separated by commas.",
)
_flag(
    flags.DEFINE_integer,
    "seed",
    "Seed of the weights, of dropout and of the order of the examples (default: 0).",
    option="seed",
)
_flag(
    flags.DEFINE_enum,
    "mixed_precision",
    "Number format of all models (default: auto, which is bfloat16 for teachers if the CPU supports it).",
    option="training.*.mixed_precision",
    enum_values=["auto", "none", "bfloat16", "float16"],
)
_flag(
    flags.DEFINE_enum,
    "strategy",
    "Devices to train on (default: auto): one; all local GPUs (mirrored); the processes in TF_CONFIG"
    " (multiworker; docs/scaling.md).",
    option="strategy.kind",
    enum_values=list(STRATEGIES),
)
_flag(
    flags.DEFINE_bool,
    "profile",
    "Write a TensorBoard trace of ten training steps.",
    False,
    "profile",
)

# The search.
_flag(
    flags.DEFINE_enum,
    "tuner",
    "Search algorithm (default: auto, which is grid if all values are listed, else random).",
    option="tuning.tuner",
    enum_values=list(TUNERS),
)
_flag(
    flags.DEFINE_string,
    "objective",
    "Score to optimise: val_f1 (the default), val_em or val_loss.",
    option="tuning.objective",
)
_flag(
    flags.DEFINE_integer,
    "tuner_workers",
    "Number of local processes that run trials at the same time.",
    option="tuning.workers",
    lower_bound=1,
)
_flag(
    flags.DEFINE_enum,
    "tuner_role",
    "Role of this process in a search on several machines.",
    enum_values=["chief", "worker"],
)
_flag(flags.DEFINE_string, "tuner_id", "Name of this worker; each worker needs a different one.")
_flag(flags.DEFINE_string, "tuner_address", "HOST:PORT where the chief listens.")

# Finished runs.
_flag(flags.DEFINE_enum, "split", "Split to score.", "test", enum_values=["train", "dev", "test"])
_flag(
    flags.DEFINE_string,
    "multi_reference",
    "Holl-E's multi_reference_test.json, plain or .gz; scores are also computed against all of its spans.",
)
_flag(
    flags.DEFINE_string,
    "write_scores",
    "File to write with what the run says of train, dev and test: .jsonl, .jsonl.gz or .parquet"
    " (docs/teachers.md).",
)
_flag(
    flags.DEFINE_string,
    "input",
    "JSON file with a chat; - reads standard input. Without it, you are asked for queries. With --output,"
    " also JSON lines, or a folder of such files. For --mode=encode: documents as JSON lines.",
)
_flag(
    flags.DEFINE_list,
    "format",
    "Format of the export: savedmodel, tflite, onnx, or several separated by commas.",
    ["savedmodel"],
)
_flag(
    flags.DEFINE_string,
    "output",
    "Folder to write to (default: RUN/export for an export, RUNS_DIR/report-SIZE for a report; a store of"
    " documents has none). For predictions, the file for the answers to many chats: .jsonl or .jsonl.gz.",
)
_flag(
    flags.DEFINE_integer,
    "port",
    "Port to listen on (default: 8501; 0 chooses a free one).",
    option="serve.port",
    lower_bound=0,
)
_flag(
    flags.DEFINE_string,
    "export_dir",
    "Folder of an ONNX export to serve, to encode with, or to answer many chats by. --mode=serve takes"
    " several, separated by commas.",
)
_flag(
    flags.DEFINE_string,
    "documents",
    "Store of documents that --mode=encode wrote with the student of --export_dir (docs/documents.md).",
)
_flag(
    flags.DEFINE_bool,
    "strict",
    "Stop at the first line of --input that cannot be used. Otherwise it is named, and the others are read.",
    False,
)
_flag(
    flags.DEFINE_enum,
    "size",
    "smoke: tiny models, to check in minutes that everything works. demo: small models on the demo corpus."
    " full: the published sizes on your data.",
    "demo",
    enum_values=["smoke", "demo", "full"],
)
_flag(
    flags.DEFINE_bool, "plan", "List the runs that the report needs and how long they take, then stop.", False
)
_flag(flags.DEFINE_bool, "existing", "Report the finished runs, and train nothing.", False)
