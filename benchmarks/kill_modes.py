"""The commands that benchmarks/kills.py kills, each at the smallest size, and what each of them leaves."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any, Callable, NamedTuple

import h5py
import numpy as np

from pipelines.files import file_sha256

# Without dropout, whose masks are drawn anew after an interruption, a resumed run has the same weights.
SIZE = (
    "--config=demo --config=smoke --set seed=1 --set sam.dropout=0 --set bidaf.dropout=0"
    " --set training.*.epochs=3 --set board.enabled=false --set demo.train_examples=48"
).split()
RUNS = "runs"
_SCORES = ("em", "f1", "bleu4")


class Killed(NamedTuple):
    """A command that is killed.

    Attributes:
        arguments: of ``python -m holle_tf.main``, started in the folder that it works in.
        needs: modes that run before it, undisturbed.
        outcome: folder -> what has to be the same after an interruption, as a JSON value.
    """

    arguments: list[str]
    needs: tuple[str, ...]
    outcome: Callable[[Path], Any]


def _digests(folder: Path, names: str = "**/*", without: tuple[str, ...] = ()) -> dict[str, str]:
    """SHA-256 of files by path."""
    files = sorted(path for path in folder.glob(names) if path.is_file() and path.name not in without)
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


def _prepared(folder: Path) -> Any:
    return _digests(folder / RUNS / "data")


def _weights(path: Path) -> str:
    """A digest of all arrays of a file of weights; the file itself may have them in another order."""
    digest = hashlib.sha256()

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode() + np.asarray(item).tobytes())

    with h5py.File(path) as file:
        file.visititems(add)
    return digest.hexdigest()


def _runs(folder: Path) -> Any:
    """Weights, vocabularies, predictions and scores of every run."""
    found = {}
    for result in sorted((folder / RUNS).glob("*/*/result.json")):
        run = result.parent
        scores = json.loads(result.read_text())["scores"]
        found[run.name] = {
            "weights": _weights(run / "checkpoints" / "best.weights.h5"),
            "files": _digests(run, "*.txt"),
            "predictions": _digests(run, "predictions.jsonl"),
            "scores": {split: {name: of.get(name) for name in _SCORES} for split, of in scores.items()},
            "epochs": len((run / "metrics.jsonl").read_text().splitlines()),
        }
    return found


def _trials(folder: Path) -> Any:
    """Values and scores of every trial."""
    [path] = (folder / "search").glob("trials.json")
    rows = json.loads(path.read_text())["trials"]
    return sorted([json.dumps(row["values"], sort_keys=True), row["val_f1"], row["val_loss"]] for row in rows)


def _export(folder: Path) -> Any:
    # Cards have latencies.
    return _digests(folder / "export", without=("model_card.json", "model_card.md"))


def _answers(folder: Path) -> Any:
    return file_sha256(folder / "answers.jsonl")


def _store(folder: Path) -> Any:
    return _digests(folder / "store")


def _report(folder: Path) -> Any:
    """Scores of every run of the report."""
    with open(folder / "report" / "scores.csv", newline="") as file:
        return [[row["row"], row["seed"], *(row[name] for name in _SCORES)] for row in csv.DictReader(file)]


def _command(mode: str, *arguments: str) -> list[str]:
    return [f"--mode={mode}", f"--runs_dir={RUNS}", *arguments]


MODES: dict[str, Killed] = {
    "prepare": Killed(_command("prepare", *SIZE), (), _prepared),
    "train": Killed(_command("train", *SIZE), ("prepare",), _runs),
    "distill": Killed(
        _command("distill", "--teacher=bidaf", "--recipe=add_topk", "--set=distill.also_student=none", *SIZE),
        ("prepare",),
        _runs,
    ),
    "tune": Killed(
        _command("tune", "--run_dir=search", "--set", "tuning.space=space.yaml", "--set",
                 "tuning.isolate=false", "--set", "tuning.trial_epochs=2", *SIZE),
        ("prepare",),
        _trials,
    ),
    "evaluate": Killed(_command("evaluate", *SIZE), ("prepare", "train"), _runs),
    "predict": Killed(
        _command("predict", "--export_dir=export", "--input=chats.jsonl", "--output=answers.jsonl"),
        ("prepare", "train", "export"),
        _answers,
    ),
    "export": Killed(
        _command("export", "--format=onnx", "--output=export"), ("prepare", "train"), _export
    ),
    "encode": Killed(
        _command("encode", "--export_dir=export", "--input=documents.jsonl", "--output=store"),
        ("prepare", "train", "export"),
        _store,
    ),
    "report": Killed(
        _command("report", "--size=smoke", "--output=report", "--set", "report.only=[sd/add_train,sd/bidaf]",
                 "--set", "report.costs=false", "--set", "seed=1", "--set", "sam.dropout=0", "--set",
                 "bidaf.dropout=0", "--set", "board.enabled=false"),
        (),
        _report,
    ),
}  # fmt: skip


def write_inputs(folder: Path) -> None:
    """The files that the commands read: chats, documents, and a space of two trials."""
    with open(folder / "chats.jsonl", "w") as chats, open(folder / "documents.jsonl", "w") as documents:
        for number in range(5000):
            document = f"Film {number} cost {number} million. The ending is sad. " * (1 + number % 5)
            chat = {"document": document, "chat": ["Hi", "Hello", f"What did film {number} cost?"]}
            chats.write(json.dumps({"example_id": f"e{number}", **chat}) + "\n")
            documents.write(json.dumps({"id": f"d{number}", "document": document}) + "\n")
    (folder / "space.yaml").write_text("sam.units: [8, 10]\n")
