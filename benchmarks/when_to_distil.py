"""Draws what a teacher adds over the labels, for each teacher, student, corpus and number of labels.

    .venv/bin/python -m benchmarks.when_to_distil

From the published outcomes (``benchmarks/results/outcomes-*.json`` and ``few-labels*.json``), so nothing
is trained. Each line is test F1 of a distilled student minus that of its control, labels that count twice,
over the same examples and seeds, with its 95 % interval. Prints the same as a table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple, Optional, Sequence

from absl import app, flags
from rich.table import Table

from benchmarks.labelled_part import CONTROLS, SELF, SMOOTHED, pool_size
from holle_tf.drawing.colours import COLOURS, INK, PALE
from holle_tf.drawing.plots import new_figure, save_figure
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.statistics import Difference, paired_bootstrap

_OUTCOMES = flags.DEFINE_string("outcomes", "benchmarks/results", "folder of the outcomes")
_FIGURE = flags.DEFINE_string("png", "docs/images/when-to-distil.png", "the PNG file")

RESAMPLES = 10_000
CONTROL = CONTROLS[-1]  # labels that count twice
MATCH = "sd/sam_match:"
MINILM = "/scores:minilm.jsonl.gz"


class Comparison(NamedTuple):
    """A distilled student and its control.

    Attributes:
        teacher: title of the teacher; one colour for each.
        what: student, corpus and training.
        outcomes: the name in ``outcomes-NAME.json``.
        row: the key of the distilled student. That of the control has ``add_twice`` or ``mul_twice`` in place
            of its recipe.
    """

    teacher: str
    what: str
    outcomes: str
    row: str

    @property
    def control(self) -> str:
        setup, name, *_ = self.row.split("/")
        student, colon, recipe = name.rpartition(":")
        return f"{setup}/{student}{colon}{recipe.partition('_')[0]}_twice"


_SEEN = "QANeT, on examples that it has learned"
_CHUNKS = "QANeT of short documents, in chunks"
_UNSEEN = "QANeT, on examples that it has not seen"
_BIDAF = "BiDAF, on examples that it has learned"
_MINILM = "MiniLM (22.6 M parameters)"
_ON_SQUAD = "SAM-match, SQuAD"
_BY_MINILM, _BY_MINILM_TOPK = f"{MATCH}add{MINILM}", f"{MATCH}add_topk{MINILM}"
COMPARISONS = (
    Comparison(_SEEN, "SAM, demo", "teaching-demo", "sd/add/qanet"),
    Comparison(_SEEN, "SAM, multiplicative, demo", "teaching-demo-mul", "sd/mul/qanet"),
    Comparison(_SEEN, "SAM-match, demo", "teaching-demo", f"{MATCH}add/qanet"),
    Comparison(_SEEN, "SAM, demo, converged, equation (1)", "teaching-demo-converged", "sd/add/qanet"),
    Comparison(_SEEN, "SAM, demo, converged, equation (2)", "teaching-demo-converged", "sd/add_topk/qanet"),
    Comparison(_SEEN, "SAM, demo, an excerpt for each example", "demo-excerpts", "sd/add/qanet"),
    Comparison(_CHUNKS, "SAM, demo, long documents, equation (1)", "teaching-demo-long", "ld/add/qanet"),
    Comparison(_CHUNKS, "SAM, demo, long documents, equation (2)", "teaching-demo-long", "ld/add_topk/qanet"),
    Comparison(
        _CHUNKS,
        "SAM-match, demo, long documents, equation (1)",
        "teaching-demo-long",
        "ld/sam_match:add/qanet",
    ),
    Comparison(
        _CHUNKS,
        "SAM-match, demo, long documents, equation (2)",
        "teaching-demo-long",
        "ld/sam_match:add_topk/qanet",
    ),
    Comparison(_BIDAF, "SAM, real chats, equation (1)", "full-2", "sd/add/bidaf"),
    Comparison(_BIDAF, "SAM, real chats, equation (2)", "full-2", "sd/add_topk/bidaf"),
    Comparison(_UNSEEN, "SAM, demo", "teaching-demo", "sd/add_folds/qanet"),
    Comparison(_UNSEEN, "SAM-match, demo", "teaching-demo", f"{MATCH}add_folds/qanet"),
    Comparison(_UNSEEN, _ON_SQUAD, "teaching-squad", f"{MATCH}add_folds/qanet"),
    Comparison(_MINILM, f"{_ON_SQUAD}, 3 epochs, equation (1)", "teaching-minilm", _BY_MINILM),
    Comparison(_MINILM, f"{_ON_SQUAD}, 3 epochs, equation (2)", "teaching-minilm", _BY_MINILM_TOPK),
    Comparison(
        _MINILM,
        f"{_ON_SQUAD}, 3 epochs, equation (2), fine-tuned again",
        "teaching-minilm-seeds",
        _BY_MINILM_TOPK,
    ),
    Comparison(_MINILM, f"{_ON_SQUAD}, 9 epochs, equation (1)", "teaching-minilm-long", _BY_MINILM),
    Comparison(_MINILM, f"{_ON_SQUAD}, 9 epochs, equation (2)", "teaching-minilm-long", _BY_MINILM_TOPK),
    Comparison(
        _MINILM, f"{_ON_SQUAD}, 32 units, 3 epochs, equation (1)", "teaching-minilm-medium", _BY_MINILM
    ),
    Comparison(
        _MINILM, f"{_ON_SQUAD}, 16 units, 3 epochs, equation (1)", "teaching-minilm-small", _BY_MINILM
    ),
)


class FewLabels(NamedTuple):
    """A result of ``benchmarks.few_labels``.

    Attributes:
        name: of the file.
        what: student and corpus.
        teacher: title of the teacher of the labelled questions.
        of_pool: title of the teacher of the others.
    """

    name: str
    what: str
    teacher: str
    of_pool: str


_FEW = "MiniLM, fine-tuned on the same few labels"
FEW_LABELS = (
    FewLabels("few-labels-strong", _ON_SQUAD, _MINILM, _MINILM),
    FewLabels("few-labels", _ON_SQUAD, _FEW, _FEW),
    FewLabels("few-labels-again", f"{_ON_SQUAD}, fine-tuned again", _FEW, _FEW),
    FewLabels("few-labels-long", f"{_ON_SQUAD}, long documents", _FEW, _FEW),
    FewLabels("few-labels-demo", "SAM-match, demo", _SEEN, _UNSEEN),
)


class Line(NamedTuple):
    """A line of the figure."""

    teacher: str
    what: str
    seeds: int
    difference: Difference


def compare(comparison: Comparison, outcomes: Sequence[dict[str, Any]]) -> Optional[Line]:
    """The line of a comparison, over the seeds that both rows have; None if there are none."""
    f1: dict[str, dict[int, list[float]]] = {}
    for outcome in outcomes:
        f1.setdefault(outcome["row"], {})[outcome["seed"]] = outcome["f1"]
    distilled, control = f1.get(comparison.row, {}), f1.get(comparison.control, {})
    seeds = sorted(set(distilled) & set(control))
    if not seeds:
        return None
    found = paired_bootstrap([distilled[s] for s in seeds], [control[s] for s in seeds], RESAMPLES)
    return Line(comparison.teacher, comparison.what, len(seeds), found)


def few_labels(described: FewLabels, report: dict[str, Any]) -> list[Line]:
    """Lines of what ``benchmarks.few_labels`` printed."""
    lines = []
    for labels, rows in report["labels"].items():
        for row, scores in rows.items():
            if CONTROL not in scores["minus"] or row in (SELF, SMOOTHED):
                continue
            what, size = f"{described.what}, {int(labels):,} labels", pool_size(row)
            if size is not None:
                what += f" and a pool of {size:,}" if size else " and a pool"
            teacher = described.teacher if size is None else described.of_pool
            lines.append(Line(teacher, what, report["seeds"], Difference(**scores["minus"][CONTROL])))
    return lines


def draw(lines: Sequence[Line], path: Path) -> None:
    """Differences with their intervals, a colour for each teacher."""
    figure = new_figure(8.6, 0.34 * len(lines) + 1.6)
    axes = figure.add_subplot()
    colours = dict(zip(dict.fromkeys(line.teacher for line in lines), COLOURS))
    named = set()
    for place, line in enumerate(lines):
        mean, low, high = line.difference[:3]
        label = None if line.teacher in named else line.teacher
        named.add(line.teacher)
        axes.errorbar(
            mean, place, xerr=[[mean - low], [high - mean]], fmt="o", capsize=3,
            color=colours[line.teacher], label=label,
        )  # fmt: skip
    axes.axvline(0, color=PALE, linewidth=1)
    seeds = (f"{line.what} ({line.seeds} seed{'s' * (line.seeds > 1)})" for line in lines)
    axes.set_yticks(range(len(lines)), list(seeds), fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.set_xlabel("test F1, minus labels that count twice", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    save_figure(figure, path)


def main(_: Sequence[str]) -> None:
    folder = Path(_OUTCOMES.value)
    lines = []
    for comparison in COMPARISONS:
        path = folder / f"outcomes-{comparison.outcomes}.json"
        if path.exists() and (line := compare(comparison, json.loads(path.read_text())["outcomes"])):
            lines.append(line)
    for described in FEW_LABELS:
        if (path := folder / f"{described.name}.json").exists():
            lines += few_labels(described, json.loads(path.read_text())["result"])
    table = Table("teacher", "student", "seeds", "F1, minus labels x 2")
    for line in lines:
        mean, low, high = line.difference[:3]
        table.add_row(line.teacher, line.what, str(line.seeds), f"{mean:+.2f} ({low:.2f} to {high:.2f})")
    print_table(table)
    draw(lines, Path(_FIGURE.value))


if __name__ == "__main__":
    app.run(main)
