import json
import logging

import pytest

from pipelines import folder_reader, held_out
from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.prepare import fingerprint_of
from pipelines.splits import read_split

LD = DataConfig(setup="ld")


def record(chat, number, movie="", **changes):
    text = f"Film {movie or chat} cost 3 million."
    return {
        "example_id": f"c{chat}_{number}", "chat_id": f"c{chat}", "movie_name": movie,
        "mixed": f"{text} {number}", "full_reduced": text,
        "query": f"What did it cost, {number}?", "span": "3 million", "label": 0,
        "response": "3 million", **changes,
    }  # fmt: skip


def written(folder, train, test=(), **others):
    folder.mkdir(exist_ok=True)
    for split, records in {"train": train, "test": test or [record(99, 0)], **others}.items():
        (folder / f"{split}_data.json").write_text(json.dumps(records), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(held_out, "_KNOWN", {})


def split_of(folder, config=LD):
    """The examples of train and dev."""
    return tuple(read_split(folder, split, config)[0] for split in ("train", "dev"))


def test_dev_is_made_of_train_by_movie_and_chat(tmp_path, caplog):
    # Chats 2n and 2n + 1 are about movie n, and chat 8 is about two movies.
    train = [record(chat, number, f"m{chat // 2}") for chat in range(30) for number in range(3)]
    train.append(record(8, 3, "m12"))
    folder = written(tmp_path / "a", train)
    with caplog.at_level(logging.WARNING):
        kept, dev = split_of(folder)
    assert len(kept) + len(dev) == len(train) and 5 <= len(dev) <= 20
    for share in ("chat_id", "movie", "document"):
        assert not {getattr(e, share) for e in kept} & {getattr(e, share) for e in dev}
    assert f"no dev_data; {len(dev)} of the 91 examples of train become dev" in caplog.text
    assert len([line for line in caplog.messages if "no dev_data" in line]) == 1


def test_the_made_dev_depends_neither_on_the_order_nor_on_the_setup(tmp_path):
    train = [record(chat, number) for chat in range(20) for number in range(3)]
    ids = {
        tuple(sorted(example.example_id for example in split_of(folder, config)[1]))
        for folder in (written(tmp_path / "a", train), written(tmp_path / "b", train[::-1]))
        for config in (LD, DataConfig())
    }
    assert len(ids) == 1 and ids.pop()


def test_chats_about_one_document_are_divided_by_chat(tmp_path, caplog):
    kept, dev = split_of(
        written(tmp_path / "a", [record(chat, n, "m") for chat in range(9) for n in range(2)])
    )
    assert dev and kept and not {e.chat_id for e in kept} & {e.chat_id for e in dev}
    assert "by chat alone" in caplog.text


def test_a_single_chat_makes_no_dev(tmp_path):
    with pytest.raises(UserError, match="too few chats .* add a dev_data.json"):
        split_of(written(tmp_path / "a", [record(1, n) for n in range(9)]))


def test_a_folder_without_dev_has_a_fingerprint_of_its_own(tmp_path):
    train = [record(chat, 0) for chat in range(20)]
    made = fingerprint_of(written(tmp_path / "a", train), LD, "none", None)[0]
    assert made != fingerprint_of(written(tmp_path / "b", train, dev=train), LD, "none", None)[0]


def test_ids_that_start_anew_in_every_chat_are_composed(tmp_path):
    train = [record(chat, number, example_id=number) for chat in range(9) for number in range(3)]
    folder = written(tmp_path / "a", train, test=train)
    examples, report = read_split(folder, "test", LD, limit=4)
    assert [example.example_id for example in examples] == ["c0_0", "c0_1", "c0_2", "c1_0"]
    assert report.repaired[folder_reader.COMPOSED] == ["c0_0", "c0_1", "c0_2", "c1_0"]
    kept, dev = split_of(folder)
    assert len(kept) + len(dev) == 27 and dev


def test_an_id_that_occurs_twice_by_accident_is_dropped_as_before(tmp_path):
    test = [record(chat, 0) for chat in range(40)] + [record(50, 0, example_id="c1_0")]
    examples, report = read_split(written(tmp_path / "a", test, test=test), "test", LD)
    assert [example.example_id for example in examples] == [f"c{chat}_0" for chat in range(40)]
    assert report.dropped == {"example_id occurs twice": ["c1_0"]}
