"""How a search is shown in tables and pictures."""

from __future__ import annotations

from typing import Any, Sequence

COMPLETED = "COMPLETED"  # the status of a trial that has scores
FRONT = "front"  # the costs for which no other trial is both better and cheaper


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Keys by their last part, where that says which is meant."""
    last = [key.rsplit(".", 1)[-1] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last)}


def markdown(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> str:
    """The rows as a table of a document."""
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
    """The costs of whose fronts a row is, for people."""
    return ", ".join(row[FRONT])
