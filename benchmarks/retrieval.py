"""Measures which paragraph BM25 finds for a question, and how good the answers then are.

    .venv/bin/python -m benchmarks.retrieval --data_dir=SQUAD --export_dir=EXPORT

The store holds the paragraphs of a split of data in SQuAD's format. The weight of BM25 in the choice among
answers is chosen on dev; all figures are of the test split. The gold span is the sentence with the first
reference answer. F1 of int8 states is measured beside that of float16. The last line is JSON.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import app, flags
from tqdm import tqdm

from benchmarks.store_tables import retrieval

_DATA = flags.DEFINE_string("data_dir", None, "folder with train.json, dev.json and test.json", required=True)
_EXPORT = flags.DEFINE_string("export_dir", None, "an ONNX export of a student of these data", required=True)
_LIMIT = flags.DEFINE_integer("limit", 0, "questions of each split; 0 = all", lower_bound=0)
MOST = 5  # documents that are read for a question
WEIGHTS = tuple(np.arange(0, 10.5, 0.5).tolist())


class Question(NamedTuple):
    """A question, its paragraph, and the span that answers it."""

    text: str
    paragraph: str
    gold: str


class Answered(NamedTuple):
    """Of a question and each of its candidates, best first: the score of BM25, the probability, the F1, and
    whether it is the question's own paragraph; and the F1 of the answer from that paragraph.
    """

    bm25: list[float]
    probabilities: list[float]
    f1: list[float]
    own: list[bool]
    gold_f1: float


def questions(split: str) -> list[Question]:
    """The questions of a split that have an answer."""
    from pipelines.example import Unusable
    from pipelines.options import DataConfig
    from pipelines.readers.squad import files_of_split, parse_question, questions_of_files

    config, found = DataConfig(schema="squad", answer="sentence"), []
    for record in questions_of_files(files_of_split(Path(_DATA.value), split), split):
        try:
            example, _ = parse_question(record, config)
        except Unusable:
            continue
        found.append(Question(example.query, record["context"], example.answer))
    return found


def encode(paragraphs: list[str], folder: Path, states: str) -> Any:
    """A store of paragraphs."""
    from holle_tf.options.store import StoreConfig
    from holle_tf.serve.onnx_backend import OnnxBackend
    from holle_tf.store.reader import Store
    from holle_tf.store.writer import write_store

    source = folder.with_suffix(".jsonl")
    source.write_text("".join(json.dumps({"document": text}) + "\n" for text in paragraphs), encoding="utf-8")
    options = StoreConfig(states=states, search=True)
    write_store(source, folder, OnnxBackend(Path(_EXPORT.value)), options)
    return Store(folder)


def answer(asked: list[Question], store: Any, most: int) -> list[Answered]:
    """Answers from at most so many candidates of each question, and from its own paragraph."""
    from holle_tf.evaluate.answers import AnswerSpan
    from holle_tf.evaluate.scores import token_f1
    from holle_tf.serve.onnx_backend import OnnxBackend
    from pipelines.example_from_texts import unanswered

    backend, found = OnnxBackend(Path(_EXPORT.value), threads=1, store=store), []
    for question in tqdm(asked, desc="questions", dynamic_ncols=True):
        candidates = store.best(question.text, most) if most else []
        texts = [text.text for text, _ in candidates] + [question.paragraph]
        answers = backend.read([unanswered(text, question.text) for text in texts])
        spans = [(reading.spans or [AnswerSpan(0, 0, 0.0)])[0] for reading in answers]
        f1 = [100 * token_f1(text[start:end], question.gold) for text, (start, end, _) in zip(texts, spans)]
        found.append(
            Answered(
                [score for _, score in candidates],
                [score for _, _, score in spans[:-1]],
                f1[:-1],
                [text == question.paragraph for text in texts[:-1]],
                f1[-1],
            )
        )
    return found


def mean_f1(answered: list[Answered], most: int, weight: float) -> float:
    """Mean F1 of the chosen answers; a question without candidates has 0."""
    from holle_tf.store.search import mixed_scores

    scores = []
    for row in answered:
        mixed = mixed_scores(row.probabilities[:most], row.bm25[:most], weight)
        scores.append(row.f1[int(np.argmax(mixed))] if len(mixed) else 0.0)
    return float(np.mean(scores))


def measure(split: str, scratch: Path, states: str, most: int = MOST) -> tuple[list[Answered], int]:
    """Answers of a split, and the number of its paragraphs."""
    asked = questions(split)
    paragraphs = list(dict.fromkeys(question.paragraph for question in asked))
    store = encode(paragraphs, scratch / f"{split}-{states}", states)
    return answer(asked[: _LIMIT.value or None], store, most), len(paragraphs)


def main(_: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dev, _paragraphs = measure("dev", Path(folder), "float16")
        test, paragraphs = measure("test", Path(folder), "float16")
        small, _paragraphs = measure("test", Path(folder), "int8", most=0)
    weights = {most: max(WEIGHTS, key=lambda w: mean_f1(dev, most, w)) for most in (3, MOST)}
    result: dict[str, Any] = {
        "paragraphs": paragraphs,
        "questions": len(test),
        "recall": {most: float(np.mean([any(row.own[:most]) for row in test])) for most in (1, 3, MOST)},
        "f1_known": float(np.mean([row.gold_f1 for row in test])),
        "f1_known_int8": float(np.mean([row.gold_f1 for row in small])),
        "f1_first": mean_f1(test, 1, 0.0),
        "f1_product": {most: mean_f1(test, most, 0.0) for most in weights},
        "f1_mixed": {most: mean_f1(test, most, weight) for most, weight in weights.items()},
        "weights": weights,
        "f1_dev": {most: {w: mean_f1(dev, most, w) for w in WEIGHTS} for most in weights},
    }
    result = json.loads(json.dumps(result))  # with the keys of the file
    print(retrieval(result))
    print(json.dumps(result))


if __name__ == "__main__":
    app.run(main)
