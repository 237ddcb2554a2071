"""Out-of-fold teachers: what they are trained on, how they are found, and what a student gets of them."""

from dataclasses import replace

import numpy as np
import pytest

from holle_tf.distill.teacher_cache import ensure_teacher_cache, read_teacher_cache
from holle_tf.modes.baselines import baselines_mode
from holle_tf.modes.distill import distill_mode
from holle_tf.options.distill import all_folds
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import (
    default_run_path,
    find_teacher,
    finished_teachers,
    identity_from_teachers,
    run_identity,
)
from holle_tf.runs.run_folder import RunFolder
from holle_tf.training import train as training
from holle_tf.training.distillation import find_or_train_teachers, student_of_teachers
from holle_tf.training.folds import fold_of_each_example
from holle_tf.training.teachers import read_teachers
from holle_tf.training.train import ensure_run
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.folds import folds_of_examples, read_sources
from pipelines.records import read_examples

SEED = 40


@pytest.fixture(scope="module")
def config(tiny):
    """A student of BiDAFs without a fold each."""
    return tiny("distill.folds=2", teacher="bidaf", recipe="add", seed=SEED)


@pytest.fixture(scope="module")
def trained_on():
    """Path of a run -> ids of the examples of its training, noted while it was trained."""
    return {}


@pytest.fixture(scope="module")
def teachers(config, prepared, trained_on):
    """The two BiDAFs, trained."""
    original, batches = training.RunFolder.create, make_dataset
    current = []

    def create(self, *arguments):
        current.append(self.path)
        original(self, *arguments)

    def noting(data, split, **options):
        if split == "train":
            seen = batches(data, split, **{**options, "texts": True})
            names = [name.decode() for features, _ in seen for name in features["example_id"].numpy()]
            trained_on[current[-1]] = names
        return batches(data, split, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.RunFolder, "create", create)
        patch.setattr(training, "make_dataset", noting)
        return find_or_train_teachers(config, prepared, None)


def test_a_teacher_has_seen_no_document_of_the_fold_that_it_scores(config, prepared, teachers, trained_on):
    examples = {example.example_id: example for example in read_examples(prepared, "train")}
    folds = fold_of_each_example(config, prepared, teachers)
    scored = []
    for fold, run in enumerate(teachers):
        asked = [name for name, own in zip(examples, folds) if own == fold]
        seen = trained_on[run.path]
        assert asked and len(seen) == len(set(seen)) and set(seen) == set(examples) - set(asked)
        for field in ("document", "chat_id", "movie"):
            of_seen, of_asked = ({getattr(examples[n], field) for n in names} for names in (seen, asked))
            assert of_seen.isdisjoint(of_asked), field
        scored += asked
    assert sorted(scored) == sorted(examples)


def test_a_student_gets_the_scores_of_each_examples_own_teacher(config, prepared, teachers):
    teaching = read_teachers(config, prepared, teachers, ("labels", "teacher"), [])
    joined = list(teaching.scores.as_numpy_iterator())
    whole = []
    for run in teachers:
        folder = ensure_teacher_cache(run.load_model, run.weights, prepared, "train", 16)
        whole.append(list(read_teacher_cache(folder, "teacher_0").as_numpy_iterator()))
    folds = fold_of_each_example(config, prepared, teachers)
    assert len(teaching.teachers) == 1 and len(joined) == prepared.count("train")
    others = []
    for i, row in enumerate(joined):
        own, other = whole[folds[i]][i], whole[1 - folds[i]][i]
        assert row["teacher_0_example_id"] == own["teacher_0_example_id"]
        # Apart from the rounding of half precision, which other batches change a little.
        np.testing.assert_allclose(row["teacher_0_start_logits"], own["teacher_0_start_logits"], atol=1e-4)
        others.append(np.abs(row["teacher_0_start_logits"] - other["teacher_0_start_logits"]).max())
    assert np.median(others) > 5e-4


def test_each_teacher_of_an_ensemble_has_folds_of_its_own(tiny, config, prepared, teachers, tmp_path):
    own = tiny("distill.folds=2", teacher="bidaf,bidaf", recipe="add_ensemble", seed=SEED)
    elsewhere = replace(config, seed=SEED + 1, runs_dir=str(tmp_path))
    others = find_or_train_teachers(elsewhere, prepared, None)
    first, second = (
        read_teachers(config, prepared, each, ("labels", "teacher"), []) for each in (teachers, others)
    )
    both = read_teachers(own, prepared, [*teachers, *others], ("labels", "ensemble"), [])
    assert len(both.teachers) == len(both.qualities) == 2
    every = zip(*(teaching.scores.as_numpy_iterator() for teaching in (first, second, both)))
    for of_first, of_second, of_both in every:
        for name, values in of_first.items():
            np.testing.assert_array_equal(of_both[name], values)
            other = of_both[name.replace("teacher_0", "teacher_1")]
            np.testing.assert_array_equal(other, of_second[name])
            assert name.endswith("example_id") or np.abs(other - values).max() > 1e-4


def test_runs_without_a_fold_are_found_again_and_never_taken_for_ordinary_ones(
    config, prepared, teachers, logged
):
    assert find_or_train_teachers(config, prepared, None) == teachers
    assert find_or_train_teachers(replace(config, seed=SEED + 1), prepared, None) == teachers
    assert not any("epoch" in line for line in logged.messages)
    plain = replace(config, model="bidaf", recipe="", teacher="")
    assert find_teacher(plain, prepared, "bidaf") not in teachers
    ordinary = run_identity(plain, prepared, [])
    for fold, run in zip(all_folds(2), teachers):
        assert run.identity() == {**ordinary, "fold": fold}
        assert finished_teachers(replace(plain, fold=fold), prepared) == {SEED: run}
        assert not run.path.name.startswith("bidaf")
    assert finished_teachers(replace(plain, fold="1/3"), prepared) == {}


def test_folds_of_all_teachers_are_of_one_seed(tiny, prepared, tmp_path, monkeypatch):
    def finished(own, *_, **__):
        run = RunFolder(default_run_path(own, prepared, []))
        run.create(own, prepared, run_identity(own, prepared, []))
        run.write_result({})
        return run

    monkeypatch.setattr("holle_tf.training.distillation.ensure_run", finished)
    config = tiny("distill.folds=2", teacher="bidaf,qanet,bidaf", seed=5, runs_dir=str(tmp_path))
    finished(replace(config, model="bidaf", teacher="", seed=3, fold="1/2"))  # the other fold is not there

    def found(config):
        runs = [run.config() for run in find_or_train_teachers(config, prepared, None)]
        return [(own.model, own.seed, own.fold) for own in runs]

    expected = [
        (kind, seed, fold)
        for kind, seed in (("bidaf", 5), ("qanet", 5), ("bidaf", 6))
        for fold in ("1/2", "2/2")
    ]
    assert found(config) == expected
    assert [seed for _, seed, _ in found(replace(config, seed=9, teacher="bidaf,qanet"))] == [5] * 4


def test_a_student_is_another_run_with_folds_and_the_same_as_ever_without(tiny, config, prepared, teachers):
    identity = run_identity(config, prepared, teachers)
    assert identity["teacher"] == [run.identity() for run in teachers]
    assert identity["distill"]["folds"] == 2
    assert "bidaf-2folds-seed" in default_run_path(config, prepared, teachers).name
    plain = tiny(teacher="bidaf", recipe="add", seed=SEED)
    assert plain.distill.folds == 1
    own = identity_from_teachers(plain, prepared, [{"data": prepared.fingerprint}])
    assert "folds" not in own["distill"] and "fold" not in own
    usual = {"model", "sam", "training", "seed", "data", "max_span", "recipe", "distill", "teacher"}
    assert set(own) == usual


def test_a_long_document_has_the_fold_of_its_short_one(tiny, prepared, teachers):
    long = tiny("distill.folds=2", "data.setup=ld", "distill.chunk_words=64", "distill.chunk_stride=48",
                teacher="bidaf", recipe="add_topk", seed=SEED)  # fmt: skip
    data = open_data(long)
    assert find_or_train_teachers(long, data, None) == teachers
    folds = fold_of_each_example(long, data, teachers)
    short = {s.example_id: fold for s, fold in zip(read_sources(prepared), folds_of_examples(prepared, 2))}
    assert [short[source.example_id] for source in read_sources(data)] == (folds + 1).tolist()
    cached = replace(long, distill=replace(long.distill, top_k=5, cache_top_k=5))
    teaching = read_teachers(cached, data, teachers, ("labels", "topk"), [])
    batches = make_dataset(data, "train", inputs=["document"], batch_size=16, extra=teaching.scores)
    kept = [(labels["teacher_0_start_logits"] > -1e8).numpy().sum(axis=1) for _, labels in batches]
    # Padding has the logit 0.
    lengths = [(features["document"] == 0).numpy().sum(axis=1) for features, _ in batches]
    assert np.concatenate(kept).tolist() == (5 + np.concatenate(lengths)).tolist()


def test_a_run_without_a_fold_that_goes_on_has_the_losses_of_one_that_was_never_stopped(
    tiny, prepared, tmp_path, interrupted_run
):
    own = tiny("training.sam.epochs=3", "sam.dropout=0", "training.sam.batch_size=8", fold="2/3", seed=8)
    own = replace(own, recipe="add_train")
    whole = ensure_run(own, prepared, tmp_path / "whole")
    run = interrupted_run(own, prepared, tmp_path / "run")
    for ours, theirs in zip(run.load_model().get_weights(), whole.load_model().get_weights()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_table_names_the_fold_of_the_teacher_and_baselines_leave_it_out(
    config, teachers, capsys, monkeypatch
):
    monkeypatch.setattr("holle_tf.modes.distill.draw_pictures", lambda *arguments: [])
    distill_mode(replace(config, distill=replace(config.distill, compare_alone=False)))
    printed = capsys.readouterr().out
    assert "bidaf (teacher without fold 1/2)" in printed and "SAM from bidaf" in printed
    assert all(str(run.path) in printed.splitlines()[-1] for run in teachers)
    monkeypatch.setattr("holle_tf.modes.baselines.ensure_scores", lambda *arguments: None)
    monkeypatch.setattr("holle_tf.modes.baselines.run_row", lambda run, name, split: {"name": name})
    monkeypatch.setattr("holle_tf.modes.baselines.print_table", lambda *arguments: None)
    monkeypatch.setattr("holle_tf.modes.baselines.scores_table", lambda rows: None)
    baselines_mode(config)
    printed = capsys.readouterr().out
    assert "sam-add-bidaf-2folds" in printed and "without-" not in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["recipe=add_aug"], "distill.folds=2: needs cached scores.*hallucinated.*choose another recipe"),
        (["recipe=add_grad"], "distill.folds=2: needs cached scores.*gradient"),
        (["distill.cache_teacher=false"], "distill.folds=2: needs cached scores, but distill.cache_teacher"),
        (["fold=1/2"], "fold=1/2: only for --mode=train"),
    ],
)
def test_what_folds_cannot_be_combined_with_is_said_before_training(tiny, options, said):
    config = tiny("recipe=add", "distill.folds=2", "teacher=qanet", *options)
    with pytest.raises(UserError, match=said):
        student_of_teachers(config, None)


def test_given_runs_are_not_those_of_folds(tiny):
    with pytest.raises(UserError, match="distill.folds=2: not with --teacher_run; use --teacher"):
        student_of_teachers(tiny("recipe=add", "distill.folds=2"), ["runs/a"])


def test_runs_of_other_folds_than_those_of_the_student_are_refused(config, prepared, teachers):
    with pytest.raises(UserError, match="not the first of so many runs"):
        read_teachers(config, prepared, teachers[::-1], ("labels", "teacher"), [])


@pytest.mark.parametrize("name", ["0/2", "3/2", "1/1", "a/b", "1", "01/2", "1/2/3"])
def test_a_fold_that_there_is_not_is_an_error(tiny, name):
    with pytest.raises(UserError, match=f"fold={name}: not a fold, such as 1/4"):
        tiny(fold=name)
