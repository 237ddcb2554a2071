"""The command line as a user meets it, in processes of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from holle_tf.modes.table import MODES

ROOT = Path(__file__).parent.parent


def run(*arguments, module="holle_tf.main"):
    """Run the command line; (exit status, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def test_help_shows_an_example_of_every_mode_and_does_not_wait_for_tensorflow():
    _, out, _ = run("--help")
    assert run("--help", module="holle_tf")[1] == out
    program = "import sys, holle_tf.main; print('tensorflow' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True).stdout
    assert said.strip() == "False"
    for name, mode in MODES.items():
        assert f"--mode={name} {mode.example}".strip() in out and mode.summary in out
    assert re.search(r"--split: <train\|dev\|test>: .* Modes: evaluate,\s+baselines\.", out)


def test_a_terminal_that_knows_ascii_alone_gets_help_and_errors():
    environment = {
        **os.environ,
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii",
    }
    program = [sys.executable, "-m", "holle_tf.main"]
    for arguments, stream in (["--help"], "stdout"), (["--mode=train", "--config=\u00fc.yaml"], "stderr"):
        done = subprocess.run(
            [*program, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert "Traceback" not in done.stderr and getattr(done, stream).isascii()
        assert done.returncode == (1 if stream == "stdout" else 2)


def test_the_file_can_be_started_by_its_path_from_any_folder(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = [sys.executable, str(ROOT / "holle_tf" / "main.py")]
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[-1][:22]) == (2, "error: --mode is missi")


def test_verbosity_decides_which_lines_are_shown(tmp_path):
    command = ["--mode=prepare", "--config=smoke", f"--runs_dir={tmp_path}"]
    status, out, err = run(*command, "--verbosity=0")
    assert status == 0 and "train: 64 read, 64 kept" in err
    for quiet in ("--verbosity=-1", "-v=error"):
        status, again, err = run(*command, quiet)
        assert (status, again, err) == (0, out, "")


OTHERS = """
import logging, sys
from absl import flags, logging as of_absl
from holle_tf import main
flags.FLAGS(["holle-tf", "--mode=recipes", "--verbosity=0"])
main._configure_logging()
of_absl.info("an info line of absl")
of_absl.warning("a warning of absl")
logging.getLogger("holle_tf.runs").info("our line")
"""


def test_of_other_packages_only_warnings_are_shown():
    done = subprocess.run([sys.executable, "-c", OTHERS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "our line" in done.stderr and "a warning of absl" in done.stderr
    assert "an info line" not in done.stderr


# Each of these is a process that was forked when TensorFlow, which takes seconds, had been imported.
FORKED = """
import json, os, runpy, sys
import holle_tf.modes.distill, holle_tf.modes.report
folder, commands = sys.argv[1], json.loads(sys.argv[2])
for number, arguments in enumerate(commands):
    child = os.fork()
    if not child:
        status = 70  # of none
        try:
            with open(f"{folder}/{number}", "w") as said:
                os.dup2(said.fileno(), 2)
            sys.argv = ["holle_tf.main", *arguments]
            runpy.run_module("holle_tf.main", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
        finally:
            sys.stderr.flush()
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

WRONG = [
    ([], "--mode is missing"),
    (["--mode=distil"], "distill"),
    (["--mode=train", "--modell=sam"], "model"),
    (["--mode=train", "sam"], "not a flag"),
    (["--mode=distill"], "--teacher=bidaf"),
    (["--mode=train", "--set", "sam.unitz=3"], "sam.units"),
    (["--mode=prepare", "--data_dir=/nowhere"], "--glove"),
    (["--mode=prepare", "--data_dir=/nowhere", "--glove=none"], "/nowhere"),
    (["--mode=evaluate", "--run_dir=/nowhere"], "/nowhere"),
    (["--mode=predict", "--runs_dir=/nowhere"], "/nowhere"),
    (["--mode=evaluate", "--run_dir=~/nowhere"], str(Path.home() / "nowhere")),
    (["--mode=predict", "--runs_dir=~/nowhere"], str(Path.home() / "nowhere")),
    (["--mode=train", "--config=~/nowhere.yaml"], str(Path.home() / "nowhere.yaml")),
    (["--mode=train", "--seed=1.5"], "error: flag --seed=1.5: invalid literal"),
    (["--mode=train", "--seed=4294967296"], "seed=4294967296: has to be at most 4294967295"),
    (
        ["--mode=report", "--recipe=add"],
        "--recipe is for --mode=train, distill or tune; leave it out of --mode=report",
    ),
    (
        ["--mode=train", "--teacher=qanet"],
        "--teacher is for --mode=distill, tune or evaluate; leave it out of --mode=train",
    ),
    (["--mode=distill", "--teacher=qanet", "--teacher_run=RUN"], "leave out one"),
    (["--mode=distill", "--teacher=bert"], "'bert' is not among the choices (bidaf, qanet, scores:FILE)"),
    (["--mode=distill", "--teacher=scores:a,b.jsonl"], "a comma separates teachers"),
    (["--mode=distill", "--size=smoke"], "--config=smoke makes everything tiny"),
    (["--mode=distill", "--teacher=qanet", "--config=smok"], "presets are: cpu, demo, smoke"),
    (
        ["--mode=train", "--set", "model=qanet", "--recipe=add_topk"],
        "--model=qanet is trained on its labels",
    ),
    (["--mode=report", "--size=smoke", "--output=README.md/there"], "choose another --output"),
]


def test_a_wrong_command_ends_in_a_message_and_no_stack_trace(tmp_path):
    commands = json.dumps([arguments for arguments, _ in WRONG])
    program = [sys.executable, "-c", FORKED, str(tmp_path), commands]
    done = subprocess.run(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    statuses = [int(line) for line in done.stdout.split()]
    assert len(statuses) == len(WRONG)
    for number, ((arguments, said), status) in enumerate(zip(WRONG, statuses)):
        err = (tmp_path / str(number)).read_text()
        assert status == 2, arguments
        assert said in err and len(err.splitlines()) == 1, arguments
        assert "Traceback" not in err, arguments


def test_every_flag_of_the_table_is_defined_and_sets_an_option_or_is_passed_on():
    # In a process of its own: benchmarks have flags of the same names, and other tests import them.
    program = "import json; from holle_tf import flags; print(json.dumps([flags.NAMES, flags.OPTIONS]))"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names, options = json.loads(said.stdout)
    of_modes = {flag for mode in MODES.values() for flag in (*mode.options, *mode.arguments)}
    everywhere = {"mode", "config", "set", "plugin", "data_dir", "glove", "runs_dir"}
    assert set(names) == of_modes | everywhere
    assert {flag for mode in MODES.values() for flag in mode.options} <= set(options)


@pytest.mark.parametrize(("set_by_user", "expected"), [(None, "1"), ("0", "0")])
def test_onednn_is_asked_for_before_tensorflow_is_there_unless_the_user_decided(set_by_user, expected):
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    if set_by_user is not None:
        environment["TF_ENABLE_ONEDNN_OPTS"] = set_by_user
    program = (
        "import os, sys, holle_tf; print(os.environ['TF_ENABLE_ONEDNN_OPTS'], 'tensorflow' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert said.stdout.split() == [expected, "False"]
