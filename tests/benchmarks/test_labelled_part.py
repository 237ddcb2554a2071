import json

import pytest

from benchmarks import labelled_part
from holle_tf.config_sources import load_config, preset


def test_the_first_examples_keep_their_labels_and_the_others_are_the_pool(tmp_path, monkeypatch):
    monkeypatch.setattr(labelled_part, "generate_corpus", _write_whole)
    part = labelled_part.write_data(tmp_path, 3)
    read = {path.name: json.loads(path.read_text()) for path in part.iterdir()}
    assert read == {
        "train_data.json": ["train 0", "train 1", "train 2"],
        "pool.json": ["train 3", "train 4"],
        "dev_data.json": ["dev 0"],
        "test_data.json": ["test 0"],
    }


@pytest.mark.parametrize("examples, epochs", [(4000, 12), (500, 96), (10**6, 1)])
def test_fewer_examples_are_not_fewer_steps(examples, epochs):
    config = load_config([preset("demo")], [], {"model": "sam_match"})
    training = labelled_part.for_steps(config, "sam_match", 1500, examples).training_of("sam_match")
    assert (training.batch_size, training.epochs, training.patience) == (32, epochs, epochs)


def _write_whole(folder):
    folder.mkdir()
    for split, count in (("train", 5), ("dev", 1), ("test", 1)):
        records = [f"{split} {i}" for i in range(count)]
        (folder / f"{split}_data.json").write_text(json.dumps(records))
