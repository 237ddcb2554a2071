"""A pool is prepared beside its data, without answers and without what the data have already."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from pipelines import pool as module
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.pool import POOL, Pool, files_of_pool, find_pool, prepare_pool
from pipelines.prepare import fingerprint_of, prepare
from pipelines.records import read_examples
from pipelines.splits import SPLITS
from pipelines.tokenizer import token_texts

CONFIG = DataConfig(min_char_count=1, min_word_count=1, word_dim=3, shard_examples=4)


def raw_example(name, number, **changes):
    """A record of Holl-E's schema; a change to None leaves its key out."""
    span = f"the hero number {number} wins"
    document = f"It begins slowly in {name}. Then {span}. What {'a long ' * number}film!"
    whole = {
        "example_id": f"{name}_{number}",
        "chat_id": name,
        "movie_name": "A Film",
        "span": span,
        "response": "so it is",
        "query": "Who wins?",
        "full_history": ["Hello", "Hi there"],
        "mixed": document,
        "full_reduced": f"{document} {'Nothing else happens there. ' * 9}",
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for split, count in zip(SPLITS, (10, 3, 2)):
        records = [raw_example(split, number) for number in range(count)]
        (folder / f"{split}_data.json").write_text(json.dumps(records))
    return folder


@pytest.fixture
def data(raw, tmp_path):
    return prepare(raw, tmp_path / "out", CONFIG, "none")


@pytest.fixture
def write(tmp_path):
    """Function (records, file name) -> the path of a pool's file."""

    def write(*records, name="pool.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(records))
        return path

    return write


def new(count, name="new", **changes):
    return [raw_example(name, number, **changes) for number in range(count)]


def ids_of(pool):
    return [example.example_id for example in read_examples(pool, POOL)]


def test_records_with_and_without_answers_are_examples_without_labels(data, write):
    pool = prepare_pool(write(*new(2), *new(3, "other", span=None, response=None)), data)
    examples = read_examples(pool, POOL)
    assert len(examples) == pool.count(POOL) == 5 and len(set(ids_of(pool))) == 5
    assert not any(example.has_answer or example.answer for example in examples)
    assert {example.prober_history for example in examples} == {"Hello"}
    [(_, labels)] = make_dataset(pool, POOL, inputs=["document"], batch_size=9)
    assert labels["start"].numpy().tolist() == labels["end"].numpy().tolist() == [-1] * 5


def test_a_chat_to_predict_is_an_example_named_by_its_place(data, write):
    chat = {"document": "The hero wins.", "chat": ["Hello", "Hi there", "And the villain?"]}
    pool = prepare_pool(write(chat, {**chat, "chat": ["Why?"]}), data)
    assert sorted(ids_of(pool)) == ["pool.json[0]", "pool.json[1]"]
    assert {example.query for example in read_examples(pool, POOL)} == {"And the villain?", "Why?"}


def test_words_are_numbered_as_in_the_data_and_the_data_stay_as_they_were(raw, data, write):
    before = sorted(path.name for path in data.folder.iterdir())
    pool = prepare_pool(write(raw_example("new", 3, mixed="Zebras begins slowly.")), data)
    [(features, _)] = make_dataset(pool, POOL, inputs=["document"], batch_size=9)
    expected = data.words.ids(["zebras", "begins", "slowly", "."])
    assert expected[0] == 1 and (expected[1:] > 1).all()
    np.testing.assert_array_equal(features["document"][0, :4], expected)
    assert pool.folder.parent == data.folder.parent and pool.embeddings is data.embeddings
    assert sorted(path.name for path in data.folder.iterdir()) == before
    assert fingerprint_of(raw, CONFIG, "none", None)[0] == data.fingerprint


def test_it_is_found_again_and_other_contents_or_other_data_are_another_pool(
    raw, data, write, tmp_path, logged
):
    path = write(*new(3))
    assert find_pool(path, data) is None
    pool = prepare_pool(path, data)
    written = (pool.folder / "manifest.json").stat().st_mtime_ns
    logged.clear()
    assert prepare_pool(path, data).folder == find_pool(path, data).folder == pool.folder
    assert "prepared before" in logged.messages[0]
    assert (pool.folder / "manifest.json").stat().st_mtime_ns == written
    assert prepare_pool(write(*new(3), name="same.json"), data).folder == pool.folder
    assert prepare_pool(write(*new(4)), data).folder != pool.folder
    others = prepare(raw, tmp_path / "out", replace(CONFIG, max_query_words=2), "none")
    write(*new(3))
    assert prepare_pool(path, others).folder != pool.folder


def test_what_dev_and_test_ask_of_the_same_document_is_left_out(data, write, logged):
    known = [
        raw_example("test", 0, example_id="a"),
        raw_example("dev", 2, example_id="b", full_history=["Oh"]),
    ]
    free = [raw_example("test", 1, example_id="c", query="Why?"), *new(1)]
    pool = prepare_pool(write(*known, *free), data)
    assert sorted(ids_of(pool)) == ["c", "new_0"]
    assert "  left out 1: also in test (a)" in logged.messages
    assert "  left out 1: also in dev (b)" in logged.messages
    assert pool.manifest["left_out"] == {"test": ["a"], "dev": ["b"]}


def test_of_train_only_identical_examples_are_left_out(data, write):
    same = raw_example("train", 4, example_id="a", mixed=f"  {raw_example('train', 4)['mixed']}\n")
    other_query = raw_example("train", 4, example_id="b", query="Why?")
    other_history = raw_example("train", 4, example_id="c", full_history=["Well", "Yes"])
    pool = prepare_pool(write(same, other_query, other_history), data)
    assert sorted(ids_of(pool)) == ["b", "c"] and pool.manifest["left_out"] == {"train": ["a"]}


def test_a_window_is_cut_at_random_and_an_overlap_is_found_wherever_it_was_cut(raw, tmp_path, write):
    config = replace(CONFIG, setup="windows", window_words=8)
    data = prepare(raw, tmp_path / "out", config, "none")
    whole = raw_example("new", 50)["full_reduced"]
    known = [raw_example("test", 0, example_id=f"known {i}") for i in range(5)]
    pool = prepare_pool(write(*known, *(raw_example("new", 50, example_id=f"n{i}") for i in range(20))), data)
    assert len(ids_of(pool)) == 20
    documents = [example.document for example in read_examples(pool, POOL)]
    assert all(document in whole and len(token_texts(document)) == 8 for document in documents)
    assert len(set(documents)) > 5


def test_the_first_examples_are_a_random_part_and_found_in_every_larger_part(data, write):
    records = new(40)
    pool = prepare_pool(write(*records), data)
    order = ids_of(pool)
    assert order != sorted(order) and sorted(order) == sorted(record["example_id"] for record in records)
    for count in (3, 40):
        batches = make_dataset(
            data, "train", inputs=["query"], batch_size=64, pool=Pool(pool, count), texts=True
        )
        [(features, labels)] = batches
        found = [name.decode() for name in features["example_id"].numpy()]
        assert found[10:] == order[:count]
        assert (labels["start"].numpy() >= 0).tolist() == [True] * 10 + [False] * count


def test_shuffled_epochs_have_data_and_pool_once_mixed(data, write):
    pool = Pool(prepare_pool(write(*new(12)), data), 9)
    batches = make_dataset(
        data, "train", inputs=["document"], batch_size=4, pool=pool, shuffle=True, texts=True
    )
    assert int(batches.cardinality()) == 5
    for _ in range(2):
        found, mixed = Counter(), 0
        for features, labels in batches:
            found.update(name.decode() for name in features["example_id"].numpy())
            mixed += len(set((labels["start"].numpy() < 0).tolist())) == 2
        assert set(found.values()) == {1} and len(found) == 19
        assert sum(name.startswith("new") for name in found) == 9 and mixed >= 2


def test_a_pool_of_no_examples_changes_no_batch(data, write):
    pool = Pool(prepare_pool(write(*new(1)), data), 0)
    how = {"inputs": ["document", "query"], "batch_size": 4, "shuffle": True, "seed": 3}
    for (left, labels), (right, others) in zip(
        make_dataset(data, "train", **how), make_dataset(data, "train", pool=pool, **how)
    ):
        np.testing.assert_array_equal(left["document"], right["document"])
        np.testing.assert_array_equal(labels["start"], others["start"])


def test_one_shape_holds_the_longest_of_data_and_pool(data, write):
    pool = Pool(prepare_pool(write(raw_example("new", 99), *new(3)), data), 4)
    batches = make_dataset(
        data, "train", inputs=["document"], batch_size=4, pool=pool, shuffle=True, static_shapes=True
    )
    assert {features["document"].shape[1] for features, _ in batches} == {224}  # 211 words


def test_the_limit_of_the_data_is_that_of_the_pool(raw, tmp_path, write):
    data = prepare(raw, tmp_path / "out", CONFIG, "none", limit=4)
    assert prepare_pool(write(*new(9)), data).count(POOL) == 4


def test_a_folder_is_all_of_its_json_files(data, write, tmp_path):
    write(*new(2), name="shards/b.json")
    write(*new(2, "other"), name="shards/a.json")
    (tmp_path / "shards" / "README").write_text("of the shards")
    assert [path.name for path in files_of_pool(tmp_path / "shards")] == ["a.json", "b.json"]
    assert prepare_pool(tmp_path / "shards", data).count(POOL) == 4


@pytest.mark.parametrize(
    "records, message",
    [
        (
            [*new(1), raw_example("bad", 7, query=" ")],
            r"pool.json: 1 of 2 .*no query.*first bad_7\); correct the",
        ),
        ([*new(1), raw_example("bad", 7, mixed=None)], r"no document; add its text.*'mixed'.*first bad_7"),
        ([*new(1), "text"], r"record is not an object: 1, first pool.json\[1\]"),
        ([*new(1), *new(1)], r"example_id occurs twice: 1, first new_0"),
        ([raw_example("test", 0)], r"pool.json: every example is also in the data \(test\)"),
        ([], "pool.json: no usable example"),
    ],
)
def test_unusable_records_are_named_with_their_file_in_one_line(data, write, records, message):
    with pytest.raises(UserError, match=message) as raised:
        prepare_pool(write(*records), data)
    assert "\n" not in str(raised.value) and "max_dropped" not in str(raised.value)
    assert [path.name for path in data.folder.parent.iterdir()] == [data.folder.name]  # nothing is left


def test_a_file_that_is_missing_or_broken_is_named(data, tmp_path):
    with pytest.raises(UserError, match="distill.pool=.*nowhere.json: no such file or folder"):
        prepare_pool(tmp_path / "nowhere.json", data)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no file in this folder ends in .json"):
        prepare_pool(tmp_path / "empty", data)
    broken = tmp_path / "broken.json"
    broken.write_text('[{"query": "Why?"},\n {"query" 3}]')
    with pytest.raises(UserError, match="broken.json, line 2, column 11"):
        prepare_pool(broken, data)


def test_an_interrupted_preparation_leaves_nothing(data, write, monkeypatch):
    path = write(*new(3))
    original = module.write_spools

    def stopped(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_spools", stopped)
    with pytest.raises(KeyboardInterrupt):
        prepare_pool(path, data)
    assert [path.name for path in data.folder.parent.iterdir()] == [data.folder.name]
    monkeypatch.setattr(module, "write_spools", original)
    assert prepare_pool(path, data).count(POOL) == 3


def test_files_of_a_pool_may_be_of_a_schema_that_nests_them(tmp_path, write):
    config = replace(CONFIG, schema="squad", setup="ld", long_words=30, max_dropped=1.0)
    texts = [f"Paragraph number {i} says that it is number {i}, no more." for i in range(9)]

    def article(title, *asked):
        paragraphs = [{"context": text, "qas": []} for text in texts]
        for place, question in asked:
            paragraphs[place]["qas"].append(question)
        return {"data": [{"title": title, "paragraphs": paragraphs}]}

    def answered(split):
        answer = {"text": "number 3", "answer_start": texts[3].index("number 3")}
        return {"id": split, "question": f"Which, {split}?", "answers": [answer]}

    for split in SPLITS:
        (tmp_path / f"{split}.json").write_text(json.dumps(article("A", (3, answered(split)))))
    data = prepare(tmp_path, tmp_path / "out", config, "none")
    asked = [(i, {"id": f"p{i}", "question": f"What of {i}?"}) for i in range(9)]
    path = write(name="of_squad.json")
    path.write_text(json.dumps(article("A", (3, {**answered("test"), "id": "again"}), *asked)))
    pool = prepare_pool(path, data)
    assert pool.manifest["left_out"] == {"test": ["again"]}
    found = {example.example_id: example for example in read_examples(pool, POOL)}
    for i in range(9):
        assert texts[i] in found[f"p{i}"].document and len(token_texts(found[f"p{i}"].document)) <= 30
        assert found[f"p{i}"].movie == "A"
