import json

import pytest

from benchmarks import labelled_part
from holle_tf.config_sources import load_config, preset


def test_the_first_examples_keep_their_labels_and_the_others_are_the_pool(tmp_path, monkeypatch):
    monkeypatch.setattr(labelled_part, "generate_corpus", _write_whole)
    part = labelled_part.write_demo(tmp_path, 3, examples=5)
    read = {path.name: json.loads(path.read_text()) for path in part.folder.iterdir()}
    assert read == {
        "train_data.json": ["train 0", "train 1", "train 2"],
        "pool.json": ["train 3", "train 4"],
        "dev_data.json": ["dev 0"],
        "test_data.json": ["test 0"],
    }
    assert part[1:] == (3, 2)
    assert labelled_part.write_demo(tmp_path, 3, examples=7)[1:] == (3, 4), "another corpus is no older one"


@pytest.mark.parametrize("labels, kept, pool", [(3, 4, 2), (4, 4, 2), (5, 6, 0), (None, 6, 0)])
def test_whole_articles_keep_their_labels(tmp_path, labels, kept, pool):
    _write_articles(tmp_path)
    part = labelled_part.write_squad(tmp_path, tmp_path / "parts", labels)
    assert part[1:] == (kept, pool)
    train, rest, dev = (
        json.loads((part.folder / f"{name}.json").read_text())["data"] for name in ("train", "pool", "dev")
    )
    assert len(train) == kept / 2 and len(dev) == 1
    asked = {article["paragraphs"][0]["qas"][0] for article in train + rest}
    assert asked == {"train 0", "train 1", "train 2"}


def test_some_articles_are_left_out_of_labels_and_pool(tmp_path):
    _write_articles(tmp_path)
    part = labelled_part.write_squad(tmp_path, tmp_path / "parts", 2, examples=3)
    assert part[1:] == (2, 2)
    whole = labelled_part.write_squad(tmp_path, tmp_path / "parts", 2)
    assert whole[1:] == (2, 4) and whole.folder != part.folder
    of_part, of_whole = (json.loads((found.folder / "train.json").read_text()) for found in (part, whole))
    assert of_part == of_whole, "the same articles have labels"


@pytest.mark.parametrize("examples, epochs", [(4000, 12), (500, 96), (10**6, 1)])
def test_fewer_examples_are_not_fewer_steps(examples, epochs):
    config = load_config([preset("demo")], [], {"model": "sam_match"})
    training = labelled_part.for_steps(config, "sam_match", 1500, examples).training_of("sam_match")
    assert (training.batch_size, training.epochs, training.patience) == (32, epochs, epochs)


def _write_articles(folder):
    for split, count in (("train", 3), ("dev", 1), ("test", 1)):
        articles = [{"paragraphs": [{"qas": [f"{split} {i}", "another"]}]} for i in range(count)]
        (folder / f"{split}.json").write_text(json.dumps({"data": articles}))


def _write_whole(folder, train_examples):
    folder.mkdir()
    for split, count in (("train", train_examples), ("dev", 1), ("test", 1)):
        records = [f"{split} {i}" for i in range(count)]
        (folder / f"{split}_data.json").write_text(json.dumps(records))
