"""A model of a plugin through every mode, in a process of its own: ``plugin_journey.py RUNS_DIR PLUGIN...``.

Prints a JSON object for each step. The catalogue of this process has the plugin models, which other tests are
not to see.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from absl import flags
from absl.testing import flagsaver

from holle_tf import main
from holle_tf.catalogue import MODELS

RUNS_DIR, *PLUGINS = sys.argv[1:]
TINY = (
    "--config=demo", "--config=smoke", "--set=demo.train_examples=32", "--set=demo.dev_examples=6",
    "--set=demo.test_examples=6", "--set=bilinear.units=4", "--set=pointer.units=4",
    "--set=training.*.epochs=1", "--set=board.examples=2", "--set=distill.chunk_words=60",
    "--set=distill.chunk_stride=40", "--set=distill.also_student=none", "--set=report.resamples=50",
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
    "evaluate": ("--mode=evaluate", "--run_dir={student}"),
    "export": ("--mode=export", "--run_dir={student}"),
    "sam": ("--mode=train", "--model=sam"),
    "npz": ("--mode=export", "--run_dir={sam}", "--format=npz"),
    "prepare": ("--mode=prepare", "--data_dir={articles}", "--glove=none", "--set=data.schema=articles",
                "--set=data.max_dropped=0.6"),
}  # fmt: skip


def run(*arguments):
    """Exit status, standard output and its last line, standard error of a command."""
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
    return {"status": status, "out": out.getvalue(), "last": lines[-1], "err": err.getvalue()[-2000:]}


def serve(student):
    """What a served run answers."""
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.serve.run_backend import RunBackend
    from pipelines.example_from_texts import unanswered

    backend = RunBackend(RunFolder(Path(student)))
    (answer,) = backend.read([unanswered("It was a good film. The end is sad.", "how is the end ?")])
    return {"title": backend.card.title, "spans": len(answer.spans)}


def padding_effect(name):
    """Largest change of a logit of a model of the plugin when all texts are padded by some words."""
    row = MODELS[name]
    rng = np.random.default_rng(0)
    model = row.build(row.options(), rng.normal(size=(30, 8)).astype(np.float32), 9)
    ids = {text: rng.integers(1, 30, (2, 7)).astype(np.int32) for text in row.inputs}
    padded = {text: np.pad(words, ((0, 0), (0, 5))) for text, words in ids.items()}
    plain, wide = model(ids), model(padded)
    return max(
        float(abs(wide[edge][:, :7] - plain[edge]).numpy().max()) for edge in ("start_logits", "end_logits")
    )


def articles(folder):
    """Raw data in the schema of the page's reader."""
    for split, names in (("train", "abc"), ("dev", "d"), ("test", "e")):
        (folder / split).mkdir(parents=True)
        content = [
            {"title": name, "text": f"{name} is a film about the sea. It is long.", "questions": [
                {"id": f"{name}0", "question": "What is it about?", "answer": "about the sea"},
                {"id": f"{name}1", "question": "Why?"}]}
            for name in names
        ]  # fmt: skip
        (folder / split / "articles.json").write_text(json.dumps(content))
    return folder


if __name__ == "__main__":
    space = Path(RUNS_DIR) / "space.yaml"
    space.write_text("pointer:\n  pointer.units: [3, 4]\n")
    names = {"space": space, "articles": articles(Path(RUNS_DIR) / "articles"), "student": "", "sam": ""}
    for step, arguments in STEPS.items():
        filled = [
            part.format(**names) if part.split("{")[-1].rstrip("}") in names else part for part in arguments
        ]
        done = run(*TINY, *filled)
        print(json.dumps({"step": step, **done}), flush=True)
        for name, key in {"distill": ("student", "student"), "sam": ("sam", "run")}.items():
            if step == name and not done["status"]:
                names[key[0]] = json.loads(done["last"])[key[1]]
    print(json.dumps({"step": "padding", **{name: padding_effect(name) for name in ("bilinear", "pointer")}}))
    print(json.dumps({"step": "serve", "student": names["student"], **serve(names["student"])}))
