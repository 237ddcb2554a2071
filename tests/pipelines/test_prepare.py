import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines import local_preparation as filling
from pipelines import prepare as module
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.options import LATIN
from pipelines.prepare import PreparedData, fingerprint_of, prepare
from pipelines.records import read_examples
from pipelines.splits import SPLITS, read_split
from tests.pipelines.small_raw import CONFIG, write_raw


@pytest.fixture
def raw(tmp_path):
    return write_raw(tmp_path / "raw")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def run(logged):
    """Function (arguments of ``prepare``) -> what it returns, and the lines that it logs."""

    def run(raw, out, config=CONFIG, glove="none", **arguments):
        logged.clear()
        return prepare(raw, out, config, glove, **arguments), logged.messages

    return run


def test_prepared_folder_is_named_and_described(run, raw, out):
    prepared, lines = run(raw, out)
    assert prepared.folder == out / f"sd-{prepared.fingerprint[:10]}"
    assert os.listdir(out) == [prepared.folder.name]
    assert prepared.config == replace(CONFIG, schema="holle", words=LATIN), "both were told"
    assert [prepared.count(split) for split in SPLITS] == [10, 3, 2]
    assert [len(prepared.shards(split)) for split in SPLITS] == [3, 1, 1]
    manifest = prepared.manifest
    assert manifest["report"]["train"]["read"] == 10
    assert manifest["vocabulary"]["words"] == len(prepared.words) == len(prepared.embeddings)
    assert manifest["vocabulary"]["coverage"]["train"] == 1.0
    assert manifest["vocabulary"]["coverage"]["test"] < 1.0  # the word "test" is not in train
    assert prepared.embeddings.dtype == np.float32
    assert any("train: 10 read" in line for line in lines)


def test_records_hold_the_examples_of_the_reader(run, raw, out):
    prepared, _ = run(raw, out)
    for split in SPLITS:
        assert read_examples(prepared, split) == read_split(raw, split, CONFIG)[0]


def test_longest_and_mean_lengths_are_those_of_the_texts(run, raw, out):
    prepared, _ = run(raw, out)
    # "It begins slowly in X . Then the hero number N wins . What (a long)*9 film !"
    assert prepared.manifest["longest"]["document"] == 16 + 2 * 9
    assert prepared.mean_words("train")["document"] == 16 + 2 * 4.5
    assert prepared.manifest["longest"]["question"] == len("Who wins ? Hello Hi there".split())


def test_same_input_is_not_prepared_again(run, raw, out):
    first, _ = run(raw, out)
    second, lines = run(raw, out, fill=None)  # calling it would fail
    assert second.folder == first.folder
    assert lines == [f"{first.folder}: prepared before from the same input"]


def test_data_of_an_earlier_version_get_the_keys_of_words_and_keep_their_folder(run, raw, out):
    first, _ = run(raw, out)
    path = first.folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["word_keys"], manifest["digest"]  # older ones have neither
    path.write_text(json.dumps(manifest), encoding="utf-8")
    (first.folder / "teachers").mkdir()
    (first.folder / "teachers" / "scores").write_text("of hours")
    older = PreparedData.load(first.folder)
    with pytest.raises(UserError, match="other keys of words, or none; --mode=prepare"):
        make_dataset(older, "train", inputs=["document_keys"], batch_size=1)
    second, lines = run(raw, out)
    assert "preparing again" in lines[0]
    assert second.folder == first.folder and second.manifest == first.manifest
    assert (second.folder / "teachers" / "scores").read_text() == "of hours"
    assert os.listdir(out) == [second.folder.name]


def test_fingerprint_changes_with_all_that_decides_the_contents_and_nothing_else(raw, tmp_path):
    glove = tmp_path / "glove.txt"
    glove.write_text("film 1 2 3\n")

    def of(data=raw, config=CONFIG, glove="none", limit=None):
        return fingerprint_of(data, config, str(glove), limit)[0]

    other = write_raw(tmp_path / "other", change=lambda raw: {**raw, "query": "Why?"})
    longer = replace(CONFIG, setup="ld")
    variants = [of(), of(config=longer), of(limit=5), of(glove=glove), of(data=other)]
    glove.write_text("film 1 2 4\n")
    variants.append(of(glove=glove))
    assert len(set(variants)) == len(variants)
    copy = tmp_path / "moved.txt"
    copy.write_text("film 1 2 4\n")
    assert of(glove=copy) == variants[-1]
    assert of(data=write_raw(tmp_path / "same")) == variants[0]


def test_the_fingerprint_of_data_in_the_schema_of_holl_e_stays_what_it_was(raw):
    """Run folders are found by it: whoever changes it loses all runs of before."""
    expected = "2a741267ea12422877e744a168ab21e2d9afe6c6a414ed4ed6de3a731daf807a"
    assert fingerprint_of(raw, CONFIG, "none", None)[0] == expected


def test_two_preparations_are_byte_for_byte_the_same(run, raw, tmp_path):
    first, _ = run(raw, tmp_path / "a")
    second, _ = run(raw, tmp_path / "b")
    assert first.manifest == second.manifest


def test_worker_processes_change_nothing(run, raw, tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "TASK_CHARS", 300)
    alone, _ = run(raw, tmp_path / "a")
    monkeypatch.setattr(filling, "POOL_CHARS", 0)
    monkeypatch.setattr(filling, "cores", lambda: 3)
    together, _ = run(raw, tmp_path / "b")
    assert together.manifest == alone.manifest


def test_glove_words_of_all_splits_get_their_vectors_and_others_none(run, raw, out, tmp_path):
    glove = tmp_path / "glove.txt"
    glove.write_text("film 1 2 3\ntest 4 5 6\nelsewhere 7 8 9\n")
    prepared, _ = run(raw, out, replace(CONFIG, min_coverage=0.0), glove=str(glove))
    assert set(prepared.words.entries[2:]) == {"film", "test"}
    np.testing.assert_array_equal(prepared.embeddings[prepared.words.id("test")], [4, 5, 6])
    assert prepared.manifest["glove"] == "glove.txt"


def test_vectors_of_few_of_the_words_are_refused(run, raw, out, tmp_path):
    glove = tmp_path / "glove.txt"
    glove.write_text("film 1 2 3\n")
    with pytest.raises(
        UserError, match="glove.txt: has vectors of 3.* % of the words of the train texts, less than 50 %"
    ):
        run(raw, out, glove=str(glove))
    run(raw, out, replace(CONFIG, min_coverage=0.0), glove=str(glove))


def test_without_glove_only_words_of_train_are_learned(run, raw, out):
    prepared, _ = run(raw, out)
    assert "train" in prepared.words and "test" not in prepared.words


def test_no_word_on_glove_says_where_to_get_it(run, raw, out):
    with pytest.raises(UserError, match="nlp.stanford.edu/projects/glove.*--glove=none"):
        run(raw, out, glove=None)


def test_missing_glove_file_is_a_users_error(run, raw, out):
    with pytest.raises(UserError, match="nowhere.txt"):
        run(raw, out, glove="nowhere.txt")


def test_limit_takes_the_first_of_each_split(run, raw, out):
    prepared, _ = run(raw, out, limit=2)
    assert [prepared.count(split) for split in SPLITS] == [2, 2, 2]
    assert [example.example_id for example in read_examples(prepared, "train")] == ["train_0_0", "train_0_1"]


def test_too_many_unusable_examples_stop_unless_allowed(run, tmp_path, out):
    raw = write_raw(
        tmp_path / "raw",
        change=lambda raw: {**raw, "span": "not there"} if raw["example_id"] == "train_1_3" else raw,
    )
    with pytest.raises(UserError, match="train_1_3"):
        run(raw, out)
    assert not list(out.glob("*"))
    prepared, _ = run(raw, out, allow_dropped=True)
    assert prepared.count("train") == 9
    (ids,) = prepared.manifest["report"]["train"]["dropped"].values()
    assert ids == ["train_1_3"]
    assert prepared.config == replace(CONFIG, schema="holle", words=LATIN)


def test_failure_leaves_nothing_behind(run, raw, out, monkeypatch):
    def fail(*_):
        raise RuntimeError("on the way")

    monkeypatch.setattr(module, "write_manifest", fail)
    with pytest.raises(RuntimeError, match="on the way"):
        run(raw, out)
    assert os.listdir(out) == []


def test_folder_that_another_process_finished_first_is_kept(run, raw, out, tmp_path):
    first, _ = run(raw, tmp_path / "elsewhere")

    def overtaken(*arguments):
        contents = filling.fill_folder(*arguments)
        out.mkdir(exist_ok=True)
        os.rename(first.folder, out / first.folder.name)
        return contents

    before = (first.folder / "manifest.json").stat().st_ino
    prepared, lines = run(raw, out, fill=overtaken)
    assert (prepared.folder / "manifest.json").stat().st_ino == before
    assert "another process" in lines[-1]
    assert os.listdir(out) == [prepared.folder.name]


KILLED = """
import os, signal, sys
from pipelines import prepare
from pipelines.options import DataConfig
prepare.write_manifest = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
prepare.prepare(sys.argv[1], sys.argv[2], DataConfig(word_dim=3), "none")
"""


def test_killed_preparation_is_not_taken_for_whole_and_is_cleaned_up_later(run, raw, out):
    root = Path(module.__file__).parents[1]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(raw), str(out)], cwd=root, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (left,) = out.iterdir()
    assert list(left.glob("*.tfrecord.gz"))
    prepared, lines = run(raw, out)
    assert left.exists()  # it might be another machine's, still at work
    assert prepared.count("train") == 10

    for path in [*left.iterdir(), left]:
        os.utime(path, (0, 0))
    _, lines = run(raw, out, limit=1)
    assert not left.exists()
    assert str(left) in lines[0]
