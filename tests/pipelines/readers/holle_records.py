"""Records in the schema of Holl-E, and what is read of them."""

import json

from pipelines.options import DataConfig
from pipelines.readers.holle import DOCUMENT_KEYS
from pipelines.splits import read_split

TEXT = "Frank’s mother left. He cashes 2.5 million in cheques. Rated 8 of 10."
LENIENT = DataConfig(max_dropped=1.0)


def record(number=0, **changes):
    """A faultless Holl-E record; a change to None leaves the key out."""
    span = "He cashes 2.5 million"
    whole = {
        "chat_id": "ts_7",
        "example_id": f"ts_7_{number}",
        "movie_name": "Catch Me If You Can",
        "imdb_id": "tt0264464",
        "span": span,
        "response": "I liked how he cashes 2.5 million.",
        "label": 0,
        "query": "What does he do?",
        "context": "not read",
        "short_history": ["p3", "r3"],
        "full_history": ["p1", "r1", "p2", "r2", "p3", "r3"],
        "chat": ["not read"],
        "all_documents": {},
    }
    for text_key, offset_key in DOCUMENT_KEYS.values():
        whole[text_key], whole[offset_key] = TEXT, TEXT.index(span)
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not None}


def read(tmp_path, records, config=LENIENT, **options):
    (tmp_path / "test_data.json").write_text(json.dumps(records), encoding="utf-8")
    return read_split(tmp_path, "test", config, **options)


def read_one(tmp_path, config=LENIENT, **changes):
    """The example made of one changed record, and what had to be repaired."""
    examples, report = read(tmp_path, [record(**changes)], config)
    return examples[0], list(report.repaired)


def reason_dropped(tmp_path, **changes):
    """Why a record that is read beside a faultless one was dropped, and the ids of what was."""
    examples, report = read(tmp_path, [record(), record(1, **changes)])
    assert [example.example_id for example in examples] == ["ts_7_0"]
    assert (report.read, report.kept, report.dropped_count) == (2, 1, 1)
    [(reason, ids)] = report.dropped.items()
    return reason, ids
