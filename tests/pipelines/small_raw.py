"""A few raw examples of each split, in the schema of Holl-E."""

import json

from pipelines.options import DataConfig
from pipelines.splits import SPLITS

CONFIG = DataConfig(min_char_count=1, min_word_count=1, word_dim=3, shard_examples=4)


def raw_example(split, number):
    span = f"the hero number {number} wins"
    document = f"It begins slowly in {split}. Then {span}. What {'a long ' * number}film!"
    return {
        "example_id": f"{split}_{number // 2}_{number}",
        "chat_id": f"{split}_{number // 2}",
        "movie_name": "A Film",
        "label": 0,
        "span": span,
        "response": f"I think {span}",
        "query": "Who wins?",
        "short_history": ["Hello", "Hi there"] if number % 2 else [],
        "full_history": ["Hello", "Hi there"] if number % 2 else [],
        "mixed": document,
        "answer_start_mixed": document.index(span),
        "full_reduced": document * 2,
        "answer_start_full_reduced": document.index(span),
    }


def write_raw(folder, counts=(10, 3, 2), change=lambda raw: raw):
    folder.mkdir(exist_ok=True)
    for split, count in zip(SPLITS, counts):
        raw = [change(raw_example(split, number)) for number in range(count)]
        (folder / f"{split}_data.json").write_text(json.dumps(raw))
    return folder
