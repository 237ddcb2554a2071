"""A part of a corpus that keeps its labels, and trainings that are as long on it as on all of it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Union

from holle_tf.config import Config
from pipelines.demo.corpus import generate_corpus
from pipelines.files import atomic_file
from pipelines.raw_files import read_text
from pipelines.readers.squad import files_of_split

# Students of benchmarks.few_labels; "pool 4000" has a part of the pool.
CONTROLS, TAUGHT, SMOOTHED, SELF, POOL = ("alone", "twice"), "teacher", "smoothed", "self", "pool"
DEMO_EXAMPLES = 4000  # training examples of the demo corpus


class LabelledPart(NamedTuple):
    """Data of which only some training examples have labels.

    Attributes:
        folder: holds the three splits, and ``pool.json``.
        labels: training examples.
        pool: examples in ``pool.json``.
    """

    folder: Path
    labels: int
    pool: int


def pool_size(row: str) -> Optional[int]:
    """Questions of the pool that the teacher answers for a student; 0 = all, None = it has no pool."""
    name, _, size = row.partition(" ")
    return int(size or 0) if name == POOL else None


def write_demo(folder: Path, labels: Optional[int], examples: Optional[int] = None) -> LabelledPart:
    """The demo corpus with its first training examples, and a pool of the others.

    Args:
        folder: where the folder of the part is made.
        labels: training examples that keep their labels; None = all.
        examples: training examples in all; None = ``DEMO_EXAMPLES``. A larger corpus begins with the same.
    """
    whole = folder / (f"whole-{examples}" if examples else "whole")
    if not (whole / "test_data.json").exists():  # the last file that is written
        generate_corpus(whole, train_examples=examples or DEMO_EXAMPLES)
    splits = {
        split: json.loads((whole / f"{split}_data.json").read_text(encoding="utf-8"))
        for split in ("train", "dev", "test")
    }
    records = splits.pop("train")
    labels = len(records) if labels is None else labels
    part = {"train_data": records[:labels], "pool": records[labels:]}
    part |= {f"{split}_data": of_split for split, of_split in splits.items()}
    return LabelledPart(_write(folder / _name(labels, examples), part), labels, len(records) - labels)


def write_squad(
    source: Path, folder: Path, labels: Optional[int], examples: Optional[int] = None, seed: int = 0
) -> LabelledPart:
    """Data in SQuAD's format with labels for some articles of train, and a pool of the other articles.

    Args:
        source: a folder with train, dev and test.
        folder: where the folder of the part is made.
        labels: articles, in random order, keep their labels until so many questions have some; None keeps
            all.
        examples: articles are taken until there are so many questions, with and without labels; None = all.
        seed: of the order.
    """
    splits = {split: _articles(source, split) for split in ("train", "dev", "test")}
    articles = splits.pop("train")
    random.Random(seed).shuffle(articles)
    articles, _ = _until(articles, examples)
    labelled, others = _until(articles, labels)
    part = {"train": labelled, "pool": others, **splits}
    files = {name: {"data": of_split} for name, of_split in part.items()}
    written = _write(folder / _name(labels or "all", examples), files)
    return LabelledPart(written, _questions(labelled), _questions(others))


def for_steps(config: Config, model: str, steps: int, examples: int) -> Config:
    """``config`` in which a model trains for so many steps on so many examples, and stops no earlier."""
    training = config.training_of(model)
    epochs = max(1, round(steps * training.batch_size / examples))
    own = replace(training, epochs=epochs, patience=epochs)
    return replace(config, training=replace(config.training, **{model: own}))


def _articles(source: Path, split: str) -> list[dict[str, Any]]:
    return [
        article for path in files_of_split(source, split) for article in json.loads(read_text(path))["data"]
    ]


def _until(
    articles: list[dict[str, Any]], questions: Optional[int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first articles that have at least so many questions together, None = all, and the others."""
    kept = 0
    while kept < len(articles) and (questions is None or _questions(articles[:kept]) < questions):
        kept += 1
    return articles[:kept], articles[kept:]


def _name(labels: Union[int, str], examples: Optional[int]) -> str:
    return f"{labels}-of-{examples}-labels" if examples else f"{labels}-labels"


def _questions(articles: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(paragraph["qas"]) for article in articles for paragraph in article["paragraphs"])


def _write(folder: Path, files: Mapping[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with atomic_file(folder / f"{name}.json") as file:
            file.write(json.dumps(content).encode("utf-8"))
    return folder
