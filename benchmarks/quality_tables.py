"""Tables about what models learn: scores by option, teachers of long documents, gradients."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from benchmarks.labelled_part import pool_size
from benchmarks.markdown import Tables, markdown, with_interval


def scores(result: dict[str, Any]) -> str:
    """F1 of every seed, mean, paired difference with its standard error, and conicity if it was measured."""
    every = [row for of_seed in result["runs"].values() for row in of_seed.values()]
    cones = [name for name in every[0] if name.startswith("conicity")]
    rows = []
    for value, of_seed in result["runs"].items():
        row = result["summary"][value]["f1"]
        error = f" ± {row['standard_error']:.1f}" if row.get("standard_error") else ""
        cells = [", ".join(f"{found['f1']:.1f}" for found in of_seed.values()), f"{row['mean']:.1f}"]
        cells += [f"{row['difference']:+.1f}{error}", f"{result['summary'][value]['em']['mean']:.1f}"]
        cells += [f"{fmean(found[cone] for found in of_seed.values()):.2f}" for cone in cones]
        rows.append([f"`{result['option']}={value}`", *cells])
    return markdown(["", "F1 by seed", "mean F1", "difference", "mean EM", *cones], rows)


READ_BY = {
    "chunks": "short documents, in chunks",
    "windows": "random windows, in chunks",
    "whole": "long documents, whole",
}


def long_teachers(result: dict[str, Any]) -> str:
    rows = []
    for row in result["teachers"]:
        difference, shown = row["difference"], ""
        if difference:
            shown = f"{difference['mean']:+.1f} ({difference['low']:+.1f} to {difference['high']:+.1f})"
        cells = [READ_BY[row["teacher"]], row["merge"] or "-", f"{row['f1']:.1f}", f"{row['em']:.1f}", shown]
        rows.append(cells)
    heads = ["a teacher trained on, reads", "chunks merged by", "F1", "EM", "F1, difference to the first"]
    return markdown(heads, rows)


def gradients_learned(result: dict[str, Any]) -> str:
    rows = []
    for name, of_split in result["students"].items():
        recipe, _, weight = name.partition(":")
        shown = f"`{recipe}`" + (f", weight {weight}" if weight else "")
        for split, found in of_split.items():
            norms = [f"{found[what]['mean']:.2f} ({found[what]['median']:.2f})" for what in AGREEMENT]
            rows.append([f"{shown}, {split}", *norms, f"{found['cosine']['mean']:.2f}"])
    return markdown(["student, split", *AGREEMENT.values(), "cosine"], rows)


STUDENTS = {
    "alone": "labels alone",
    "twice": "labels that count twice",
    "teacher": "equation (1) from the teacher",
    "smoothed": "equation (1) with labels smoothed to the teacher's entropy in its place",
    "pool": "equation (1), also on the questions without labels (`distill.pool`)",
    "self": "self-training: the student of the labels alone answers these questions",
    "teacher itself": "the teacher itself",
}  # students of benchmarks.few_labels

COMPARED = {
    "alone": "minus alone",
    "twice": "minus labels x 2",
    "teacher": "minus equation (1)",
    "smoothed": "minus labels smoothed",
    "self": "minus self-training",
}


def few_labels(result: dict[str, Any]) -> str:
    used = {
        other for found in result["labels"].values() for of_row in found.values() for other in of_row["minus"]
    }
    columns = {other: title for other, title in COMPARED.items() if other in used}
    rows = []
    for labels, found in result["labels"].items():
        for name in found:
            title = STUDENTS.get(name) or f"equation (1), also on {pool_size(name):,} of those questions"
            cells = [with_interval(found[name]["minus"].get(other)) for other in columns]
            rows.append([f"{int(labels):,}", title, f"{found[name]['f1']:.1f}", *cells])
    if of_all := result.get("all labels"):
        alone = [f"{of_all['examples']:,}", STUDENTS["alone"], f"{of_all['f1']:.1f}"]
        rows.append([*alone, *("" for _ in columns)])
    return markdown(["labels", "student", "F1", *columns.values()], rows)


def soft_teachers(result: dict[str, Any]) -> str:
    heads = ["QANeT", "mean maximum", "entropy, nats", "NLL", "accuracy", "ECE", "its test F1"]
    others = {other: None for found in result["rows"].values() for other in found["minus"]}
    rows = []
    for title, found in result["rows"].items():
        *said, own_f1 = found["teacher"].values() or [None] * 6
        cells = ["" if value is None else f"{value:.2f}" for value in said]
        cells += ["" if own_f1 is None else f"{own_f1:.1f}", ", ".join(f"{f1:.1f}" for f1 in found["f1"])]
        rows.append([title, *cells, *(with_interval(found["minus"].get(other)) for other in others)])
    return markdown([*heads, "student's test F1", *(f"minus {other}" for other in others)], rows)


AGREEMENT = {
    "teacher": "teacher, squared norm",
    "student": "student, squared norm",
    "distance": "squared distance",
}  # figures about gradients, each shown as mean (median)

# Results with a table in docs/recipes.md.
OPTIONS = (
    "gradient-weight", "gradient-mode", "gradient-clip", "long-students",
    "temperature", "conicity", "matching",
)  # fmt: skip
TABLES: Tables = {
    **{name: (name, scores) for name in OPTIONS},
    "gradients-learned": ("gradients-learned", gradients_learned),
    "soft-teachers": ("soft-teachers", soft_teachers),
    "few-labels-pools": ("few-labels-pools", few_labels),
}
