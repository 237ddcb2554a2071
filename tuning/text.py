"""Texts about a search that tables and pictures share."""

from __future__ import annotations

from typing import Any, Sequence

COMPLETED = "COMPLETED"  # the status of a trial that has scores
FRONT = "front"  # key of a row: the costs for which no other trial is both better and cheaper


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Each key -> its last part if that is unique, else the whole key."""
    last = [key.rsplit(".", 1)[-1] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last)}


def markdown(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> str:
    """The rows as a Markdown table."""
    names = short_names(keys)
    titles = ["trial", *(names[key] for key in keys), "F1", "EM", "loss", "parameters", "seconds", "front"]
    lines = [titles, ["---:"] * (len(titles) - 1) + ["---"]]
    for row in rows:
        values = [str(row["values"].get(key, "")) for key in keys]
        if row["status"] != COMPLETED:
            lines.append([str(row["trial"]), *values, "failed", "", "", "", "", ""])
            continue
        scores = [f"{row['val_f1']:.2f}", f"{row['val_em']:.2f}", f"{row['val_loss']:.3f}"]
        costs = [f"{row['parameters']:,.0f}", f"{row['seconds']:.0f}", front_of(row)]
        lines.append([str(row["trial"]), *values, *scores, *costs])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def front_of(row: dict[str, Any]) -> str:
    """The costs whose fronts a row is on, as text."""
    return ", ".join(row[FRONT])
