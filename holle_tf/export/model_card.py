"""The model card beside an export, for people (Markdown) and programs (JSON)."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

from holle_tf.evaluate.no_answer import unanswerable_lines
from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.scores import SCORES, score_of_example
from holle_tf.evaluate.statistics import over_examples
from holle_tf.export.export_digests import CARD_JSON
from holle_tf.export.formats import find_format
from pipelines.files import atomic_file

CARD_TEXT = "model_card.md"
RESAMPLES = 2000  # of the test examples, for the intervals of scores
LATENCY_WORDS = (256, 1200)  # of the document
RUNS = 5  # timed calls, after one that is not
USE = (
    "Finding, in one given document, the span that the next utterance of a chat about it would draw on. "
    "The output is always a part of the document."
)
ALWAYS = (
    "The span is a guess with a probability, not a checked fact; there is one even where nothing answers."
)
SOMETIMES = "The span is a guess with a probability, not a checked fact, and so is that nothing answers."
LIMITS = (
    ALWAYS,
    "English, and the kind of chats and documents that it was trained on; scores elsewhere are unknown.",
    "Words without a vector are known by their spelling alone, or, to SAM, not told apart.",
    "What the document says is repeated as it stands, whether true, offensive or private.",
)
GLOVE = "GloVe (Pennington, Socher and Manning, 2014), Public Domain Dedication and License (PDDL) 1.0"


def scores_with_intervals(predictions: Sequence[SpanPrediction]) -> dict[str, dict[str, Optional[float]]]:
    """Every score, 0-100, as its value with the ends low and high of its 95 % bootstrap interval.

    A score of all examples together has no interval: low and high are None.
    """
    found: dict[str, dict[str, Optional[float]]] = {}
    for name, score in SCORES.items():
        if score.of_all is not None:
            texts, references = zip(*((each.prediction, each.references) for each in predictions))
            found[name] = {"value": score.of_all(texts, references), "low": None, "high": None}
            continue
        values = [100.0 * score_of_example(score, each.prediction, each.references) for each in predictions]
        estimate = over_examples(values, RESAMPLES)
        found[name] = {"value": estimate.mean, "low": estimate.low, "high": estimate.high}
    return found


def measure_latency(answer: Callable[[int], Any]) -> dict[str, float]:
    """Median milliseconds of ``answer(words)`` on documents of LATENCY_WORDS words."""
    found = {}
    for words in LATENCY_WORDS:
        answer(words)
        seconds = []
        for _ in range(RUNS):
            began = time.perf_counter()
            answer(words)
            seconds.append(time.perf_counter() - began)
        found[str(words)] = 1000 * statistics.median(seconds)
    return found


def file_sizes(folder: Path) -> dict[str, int]:
    """Bytes of every file of an export but the card."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def write_model_card(folder: Path, card: dict[str, Any]) -> None:
    """Write ``model_card.json`` and the same as Markdown.

    Args:
        card: title, format, options, data, recipe, scores (split, examples, and those of
            ``scores_with_intervals``) or None, parameters, sizes, latency (machine, milliseconds by words),
            words and their vectors' licence, versions, sha256 (of every file, by its path); and ``kept``
            (format, bytes of a word) if the export has halves; ``null_threshold`` and, in scores,
            ``unanswerable`` (see ``unanswerable_scores``) if the student can say that there is no answer.
    """
    definitions = {name: score.definition for name, score in SCORES.items()}
    card = {**card, "intended_use": USE, "limits": _limits(card), "score_definitions": definitions}
    for name, text in ((CARD_JSON, json.dumps(card, indent=1) + "\n"), (CARD_TEXT, _markdown(card))):
        with atomic_file(folder / name, "w") as file:
            file.write(text)


def _limits(card: dict[str, Any]) -> list[str]:
    return [SOMETIMES if limit == ALWAYS and "null_threshold" in card else limit for limit in LIMITS]


def _markdown(card: dict[str, Any]) -> str:
    scores, latency, recipe = card["scores"], card["latency"], card["recipe"]
    lines = [f"# {card['title']}", "", USE, ""]
    if scores is None:
        lines += [
            "Not evaluated: `--mode=evaluate` writes the scores, and another export then lists them.",
            "",
        ]
    else:
        lines += [
            f"| {scores['split']} split, {scores['examples']:,} examples | score | 95 % interval |",
            "| --- | ---: | ---: |",
        ]
        for name, score in SCORES.items():
            row = scores[name]
            interval = "-" if row["low"] is None else f"{row['low']:.1f} to {row['high']:.1f}"
            lines.append(f"| {score.title} | {row['value']:.1f} | {interval} |")
        if of_null := scores.get("unanswerable"):
            lines += ["", *(f"- {line}" for line in unanswerable_lines(of_null))]
        lines += ["", "Scores of the student as trained, before the options below apply.", ""]
        lines += [f"- {score.title}: {score.definition}." for score in SCORES.values()] + [""]
    lines += ["## What it is", ""]
    lines += [f"- Format: {find_format(card['format']).title}; {_pairs(card['options'])}"]
    lines += [f"- Model: {card['model']}, {card['parameters']:,} parameters without the word vectors"]
    if "null_threshold" in card:
        lines.append(
            f"- No answer: above {card['null_threshold']:.4g}, its probability against the best span"
        )
    lines += [f"- Recipe: {recipe['name']} ({recipe['summary']}); {_pairs(recipe['training'])}"]
    lines += [f"- Data: {card['data']['name']}; {_pairs(card['data']['options'])}"]
    lines += [f"- Words: {card['words']['count']:,}; {card['words']['vectors']}", ""]
    lines += ["## What it costs", "", f"Measured on {latency['machine']}, one document at a time:", ""]
    lines += [f"- {words} words: {value:.1f} ms" for words, value in latency["milliseconds"].items()]
    if kept := card.get("kept"):
        lines += [
            f"- A document can be read once (`encode`) and asked about many times (`answer`): "
            f"{kept['bytes of a word']} bytes of each word are kept, as {kept['format']}"
        ]
    lines += [f"- `{name}`: {size:,} bytes" for name, size in card["sizes"].items()]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in _limits(card)), ""]
    lines += [f"Made with {_pairs(card['versions'])}.", ""]
    return "\n".join(lines)


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
