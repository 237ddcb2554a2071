"""Whether a training can go on for more epochs than it was begun for, from the state that it kept.

A training of n epochs and a longer one are the same until epoch n, unless the learning rate depends on n.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Mapping

from pipelines.files import atomic_folder, json_sha256

Identity = Mapping[str, Any]  # as in holle_tf/runs/identity.py
LENGTH = ("epochs", "patience")  # options of a training that decide only when it ends
_COPIED = ("checkpoints", "tensorboard", "metrics.jsonl", "teachers.json")


def is_longer(found: Identity, wanted: Identity) -> bool:
    """Whether ``wanted`` differs from ``found`` in nothing but more epochs, more patience, or both."""
    there, now = found.get("training"), wanted.get("training")
    if not isinstance(there, dict) or not isinstance(now, dict):
        return False
    ends: list[tuple[Any, Any]] = [(there.get(name), now.get(name)) for name in LENGTH]
    if not all(isinstance(value, int) for pair in ends for value in pair):
        return False
    of_the_same_end = {**there, **{name: now[name] for name in LENGTH}}
    return (
        found != wanted
        and {**found, "training": of_the_same_end} == wanted
        and all(before <= after for before, after in ends)
    )


def why_not(run: Path, found: Identity, wanted: Identity) -> str:
    """Why a run cannot go on with the longer training ``wanted``, and what to do; empty if it can.

    Args:
        run: its folder.
        found: its identity; ``is_longer(found, wanted)``.
    """
    section, epochs = f"training.{found['model']}", found["training"]["epochs"]
    end = f"{run}: a training of {epochs} epochs"
    new = "leave out --run_dir, or choose another, to train a new run"
    if found["training"]["decay"] != "none" and epochs != wanted["training"]["epochs"]:
        return f"{end}, over which its learning rate decays to zero, cannot be made longer; {new}."
    if not _has_state(run):
        if (run / "result.json").exists():
            return (
                f"{end} is finished here and did not keep its state, so it cannot go on; {new}"
                f" (with {section}.keep_state=true, it can go on later)."
            )
        if (run / "metrics.jsonl").exists():
            return f"{end} is here without its state, so it cannot go on; {new}."
    if run.name.endswith(f"-{json_sha256(found)[:8]}"):
        return (
            f"{run}: this folder is named after a training of {epochs} epochs; leave out --run_dir, and the"
            " longer one goes on from its state in a folder of its own."
        )
    return ""


def shorter_runs(folder: Path, wanted: Identity) -> list[Path]:
    """The finished runs in ``folder`` from whose state ``wanted`` can go on, the longest first."""
    found = []
    for path in folder.glob("*/result.json"):
        identity = _identity(path.parent)
        if not is_longer(identity, wanted) or not _has_state(path.parent):
            continue
        training = identity["training"]
        if training["decay"] == "none" or training["epochs"] == wanted["training"]["epochs"]:
            found.append((training["epochs"], training["patience"], path.parent))
    return [path for *_, path in sorted(found, reverse=True)]


def copy_state(shorter: Path, folder: Path, identity: Identity) -> None:
    """Make ``folder`` an unfinished run of this identity that goes on where ``shorter`` ended."""
    with atomic_folder(folder) as temporary:
        for name in _COPIED:
            if (shorter / name).is_dir():
                shutil.copytree(shorter / name, temporary / name)
            elif (shorter / name).exists():
                shutil.copyfile(shorter / name, temporary / name)
        (temporary / "identity.json").write_text(json.dumps(identity, indent=1), encoding="utf-8")


def _has_state(run: Path) -> bool:
    return any((run / "checkpoints" / "resume").glob("**/*.index"))


def _identity(run: Path) -> dict[str, Any]:
    try:
        found = json.loads((run / "identity.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # a damaged run is another run
        return {}
    return found if isinstance(found, dict) else {}
