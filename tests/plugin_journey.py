"""A model of a plugin through every mode, in a process of its own: ``plugin_journey.py RUNS_DIR PLUGIN...``.

Prints a JSON object for each step. The catalogue of this process has the plugin models, which other tests are
not to see.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from absl import flags
from absl.testing import flagsaver

from holle_tf import main

RUNS_DIR, *PLUGINS = sys.argv[1:]
TINY = (
    "--config=demo", "--config=smoke", "--set=demo.train_examples=32", "--set=demo.dev_examples=6",
    "--set=demo.test_examples=6", "--set=bilinear.units=4", "--set=pointer.units=4",
    "--set=training.*.epochs=1", "--set=board.examples=2", "--set=distill.chunk_words=60",
    "--set=distill.chunk_stride=40", "--set=report.resamples=50",
)  # fmt: skip
STEPS = {
    "train": ("--mode=train", "--model=bilinear"),
    "distill": ("--mode=distill", "--model=pointer", "--teacher=bilinear"),
    "chunked": ("--mode=distill", "--model=pointer", "--teacher=bilinear", "--setup=ld"),
    "term": ("--mode=distill", "--model=pointer", "--teacher=bilinear", "--recipe=add_sure",
             "--set=recipes.add_sure={terms: [labels, entropy]}", "--set=distill.compare_alone=false"),
    "tune": ("--mode=tune", "--model=pointer", "--set=tuning.space={space}", "--set=tuning.isolate=false"),
    "report": ("--mode=report", "--size=smoke", "--set=report.costs=false", "--set=report.headline_seeds=1",
               "--set=report.rows=[sd/bilinear, ld/bilinear, 'sd/pointer:add_train', "
               "'sd/pointer:add/bilinear']",
               "--set=report.only=[sd/bilinear, ld/bilinear, 'sd/pointer:*']"),
    "export": ("--mode=export", "--run_dir={student}"),
}  # fmt: skip


def run(*arguments):
    """Exit status, last line of standard output, standard error of a command."""
    saved = flagsaver.save_flag_values()
    out, err = io.StringIO(), io.StringIO()
    flags.FLAGS.unparse_flags()
    flags.FLAGS(
        ["holle-tf", *(f"--plugin={plugin}" for plugin in PLUGINS), f"--runs_dir={RUNS_DIR}", *arguments]
    )
    status = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main.main(["holle-tf"])
    except SystemExit as error:
        status = error.code or 0
    finally:
        flagsaver.restore_flag_values(saved)
    lines = out.getvalue().strip().splitlines() or [""]
    return {"status": status, "last": lines[-1], "err": err.getvalue()[-2000:]}


def serve(student):
    """What a served run answers."""
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.serve.run_backend import RunBackend
    from pipelines.example_from_texts import unanswered

    backend = RunBackend(RunFolder(Path(student)))
    (answer,) = backend.read([unanswered("It was a good film. The end is sad.", "how is the end ?")])
    return {"title": backend.card.title, "spans": len(answer.spans)}


if __name__ == "__main__":
    space = Path(RUNS_DIR) / "space.yaml"
    space.write_text("pointer:\n  pointer.units: [3, 4]\n")
    student = ""
    for name, arguments in STEPS.items():
        done = run(
            *TINY,
            *(part.format(space=space, student=student) if "{s" in part else part for part in arguments),
        )
        print(json.dumps({"step": name, **done}), flush=True)
        if name == "distill" and not done["status"]:
            student = json.loads(done["last"])["student"]
    print(json.dumps({"step": "serve", "student": student, **serve(student)}))
