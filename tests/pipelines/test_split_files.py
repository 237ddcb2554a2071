"""Files of a split by the names under which data sets are published."""

import pytest

from pipelines.errors import UserError
from pipelines.split_files import MissingSplit, find_split_files


def made(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("[]")


def found(folder, split="train"):
    return [str(path.relative_to(folder)) for path in find_split_files(folder, split, "make one")]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["coqa-train-v1.0.json", "coqa-dev-v1.0.json"], ["coqa-train-v1.0.json"]),
        (["train_v0.2.json.gz", "words.txt"], ["train_v0.2.json.gz"]),
        (["train-00001-of-00002.jsonl", "train-00000-of-00002.jsonl"],
         ["train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl"]),
        (["train.jsonl", "train-v1.json", "train/a.json"], ["train.jsonl"]),
        (["train/b.json", "train/a.jsonl", "train/.c.json", "train/d.md"], ["train/a.jsonl", "train/b.json"]),
    ],
)  # fmt: skip
def test_files_are_found_by_their_names(tmp_path, names, expected):
    made(tmp_path, *names)
    assert found(tmp_path) == expected


@pytest.mark.parametrize(
    "name", ["val.json", "valid.json", "validation/a.json", "x_validation.json", "dev.json"]
)
def test_dev_has_several_names(tmp_path, name):
    made(tmp_path, name, "train.json")
    assert found(tmp_path, "dev") == [name]


def test_a_word_within_a_word_is_no_name(tmp_path):
    made(tmp_path, "training.json", "untrain.json", "constrain.json")
    with pytest.raises(MissingSplit, match="train.json: no such file.*; make one$"):
        found(tmp_path)


def test_several_files_that_could_be_meant_are_an_error(tmp_path):
    made(tmp_path, "a-train.json", "b-train.json")
    with pytest.raises(UserError, match=r"several files could be train \(a-train.json, b-train.json\)"):
        found(tmp_path)
