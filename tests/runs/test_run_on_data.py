"""A teacher of short documents reads long ones, whose words have other ids."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from holle_tf.catalogue import MODELS
from holle_tf.modes.distill import distill_mode
from holle_tf.modes.evaluate import evaluate_mode
from holle_tf.runs.data import open_data, raw_data
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData, data_of_run, with_vocabulary_of
from holle_tf.training.train import ensure_run
from pipelines.dataset import features_of
from pipelines.encoding import encode
from pipelines.errors import UserError
from pipelines.records import read_examples


@pytest.fixture(scope="module")
def long_words():
    return ("demo.document_words=120", "distill.chunk_words=40", "distill.chunk_stride=30")


@pytest.fixture
def teacher(tiny, long_words):
    config = tiny(*long_words, model="qanet", seed=40)
    return ensure_run(config, open_data(config))


def test_a_word_keeps_its_vector_under_another_id_and_an_unseen_one_gets_its_own(tiny, teacher):
    own, other = teacher.config(), tiny("demo.train_examples=20", "data.min_char_count=1")
    theirs, ours = open_data(other), open_data(own)
    assert theirs.words.entries != ours.words.entries
    example = read_examples(ours, "test")[0]
    adapted = with_vocabulary_of(teacher, theirs)
    encoded = encode(example, theirs.words, theirs.chars, other.data)
    outputs = adapted(features_of([encoded], MODELS["qanet"].inputs))
    assert outputs["start_logits"].shape[1] >= len(encoded.document)
    table = {v.name: v.numpy() for v in adapted.variables}["word_embedding/matrix:0"]
    old = {v.name: v.numpy() for v in teacher.load_model().variables}["word_embedding/matrix:0"]
    for word in set(theirs.words.entries[2:]) & set(ours.words.entries[2:]):
        np.testing.assert_array_equal(table[theirs.words.id(word)], old[ours.words.id(word)])
    unseen = next(word for word in theirs.words.entries[2:] if word not in ours.words)
    np.testing.assert_array_equal(table[theirs.words.id(unseen)], theirs.embeddings[theirs.words.id(unseen)])


def test_distilling_long_documents_trains_the_teacher_on_short_ones(tiny, long_words, tmp_path, capsys):
    config = tiny(
        *long_words,
        "teacher=bidaf",
        "data.setup=ld",
        "training.sam.epochs=1",
        "distill.compare_alone=false",
        runs_dir=str(tmp_path),
    )
    distill_mode(config)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    teacher, student = RunFolder(Path(last["teacher"])), RunFolder(Path(last["student"]))
    assert (teacher.config().data.setup, student.config().data.setup) == ("sd", "ld")
    assert "bidaf (teacher, in chunks)" in [row["name"] for row in last["scores"]]
    assert student.identity()["distill"]["chunk_words"] == 40
    assert list(teacher.path.glob("long/ld-*/predictions.jsonl"))
    assert teacher.result()["scores"] == {}  # those of short documents were not asked for
    evaluate_mode(tiny(*long_words, "data.setup=ld", runs_dir=str(tmp_path)), last["teacher"], "test")
    evaluated = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert evaluated["f1"] == last["scores"][-1]["f1"]


def test_predictions_of_another_way_of_chunking_go_to_another_folder(tiny, long_words, teacher):
    config = tiny(*long_words, "data.setup=ld")
    prepared = open_data(config)
    other = tiny(*long_words, "data.setup=ld", "distill.chunk_merge=probabilities")
    folders = [RunOnData(teacher, prepared, chunking).folder for chunking in (config, other)]
    assert folders[0] != folders[1]
    assert all(teacher.path in folder.parents for folder in folders)


def test_short_documents_of_other_data_are_refused(tiny, teacher):
    config = tiny("demo.train_examples=20")
    with pytest.raises(UserError, match="other data"):
        RunOnData(teacher, open_data(config), config).load_model()


def test_a_run_finds_its_data_from_any_folder(tiny, student_run, tmp_path, monkeypatch):
    run = RunFolder(student_run.path.resolve())
    monkeypatch.chdir(tmp_path)
    found = data_of_run(run, tiny(runs_dir="runs"))
    assert found.fingerprint == run.identity()["data"]
    assert not list(tmp_path.iterdir())


def test_raw_data_that_moved_are_not_prepared_again_where_the_command_is_given(
    tiny, student_run, tmp_path, monkeypatch
):
    run = RunFolder(student_run.path.resolve())
    raw, glove = raw_data(run.config())
    moved = shutil.copytree(raw, tmp_path / "raw")
    glove = Path(glove).resolve()
    monkeypatch.chdir(tmp_path)
    found = data_of_run(run, tiny(f"data_dir={moved}", f"glove={glove}", runs_dir="runs"))
    assert (found.fingerprint, found.folder.parents[1]) == (run.identity()["data"], run.path.parents[1])
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize("option, flag", [("data_dir", "--data_dir"), ("glove", "--glove")])
def test_raw_data_that_are_not_there_are_named_with_their_flag(tiny, student_run, tmp_path, option, flag):
    moved = shutil.copytree(student_run.path, tmp_path / "other" / "run")
    lines = (moved / "config.yaml").read_text().splitlines()
    lines = [f"{option}: /nowhere/holle" if line.startswith(f"{option}:") else line for line in lines]
    (moved / "config.yaml").write_text("\n".join(lines))
    with pytest.raises(UserError, match=f"/nowhere/holle, and no such .* {flag}"):
        data_of_run(RunFolder(moved), tiny(runs_dir=str(tmp_path)))
