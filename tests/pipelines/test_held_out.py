"""A dev split that is taken from train, by document."""

import json
import logging

import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.prepare import fingerprint_of, prepare
from pipelines.splits import read_split, reader_of_data

CONFIG = DataConfig(schema="squad", min_char_count=1, min_word_count=1, word_dim=3)


def write(folder, name, articles):
    def article(number):
        qas = [
            {
                "id": f"{number}-{i}",
                "question": "Which?",
                "answers": [{"text": f"w{number}", "answer_start": 0}],
            }
            for i in range(3)
        ]
        return {"title": f"t{number}", "paragraphs": [{"context": f"w{number} is here.", "qas": qas}]}

    content = json.dumps({"data": [article(number) for number in articles]})
    (folder / f"{name}.json").write_text(content)


def titles(folder, split):
    return [example.chat_id for example in read_split(folder, split, CONFIG)[0]]


def test_a_tenth_of_the_documents_is_dev_and_the_rest_is_train(tmp_path):
    write(tmp_path, "train", range(40))
    write(tmp_path, "test", [99])
    dev, train = titles(tmp_path, "dev"), titles(tmp_path, "train")
    assert len(set(dev)) == 4 and len(dev) == 12
    assert set(dev) | set(train) == {f"t{number}" for number in range(40)} and not set(dev) & set(train)
    assert titles(tmp_path, "test") == ["t99"] * 3
    write(tmp_path, "train", reversed(range(40)))
    assert set(titles(tmp_path, "dev")) == set(dev), "whatever the order of the file"


def test_without_a_test_file_the_published_dev_is_test(tmp_path):
    write(tmp_path, "train", range(10))
    write(tmp_path, "dev", [99])
    assert titles(tmp_path, "test") == ["t99"] * 3
    assert len(titles(tmp_path, "dev")) == 3 and "t99" not in titles(tmp_path, "dev")
    assert len(titles(tmp_path, "train")) == 27


def test_three_splits_are_read_as_they_are(tmp_path):
    for name, articles in (("train", range(10)), ("dev", [98]), ("test", [99])):
        write(tmp_path, name, articles)
    assert len(titles(tmp_path, "train")) == 30 and titles(tmp_path, "dev") == ["t98"] * 3
    assert not reader_of_data(tmp_path, CONFIG).notes
    named = fingerprint_of(tmp_path, CONFIG, "none", None)[0]
    (tmp_path / "dev.json").write_bytes((tmp_path / "train.json").read_bytes())
    copied = fingerprint_of(tmp_path, CONFIG, "none", None)[0]
    (tmp_path / "dev.json").unlink()
    assert len({named, copied, fingerprint_of(tmp_path, CONFIG, "none", None)[0]}) == 3


def test_preparing_says_where_dev_is_from(tmp_path, caplog):
    raw = tmp_path / "raw"
    raw.mkdir()
    write(raw, "train", range(10))
    write(raw, "val", [99])
    caplog.set_level(logging.INFO)
    prepared = prepare(raw, tmp_path / "out", CONFIG, "none")
    assert prepared.manifest["counts"] == {"train": 27, "dev": 3, "test": 3}
    assert prepared.manifest["notes"]["test"] == "no file for test: the file for dev is test"
    assert "dev: a tenth of the documents of train, chosen by a fixed seed" in caplog.text


def test_one_document_cannot_be_divided(tmp_path):
    write(tmp_path, "train", [0])
    write(tmp_path, "test", [99])
    with pytest.raises(UserError, match="train.json: only one document, of which no dev can be taken"):
        titles(tmp_path, "dev")


def test_train_alone_is_an_error(tmp_path):
    write(tmp_path, "train", range(10))
    with pytest.raises(UserError, match="test.json: no such file"):
        titles(tmp_path, "test")
