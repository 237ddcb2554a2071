import json
import shutil
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.runs.evaluation import evaluate_run
from holle_tf.runs.identity import default_run_path, distill_options, find_teacher, run_identity
from holle_tf.runs.run_folder import RunFolder, build_model
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.training import dev_evaluation as callbacks
from holle_tf.training import setup as untrained
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.files import exclusive_access


def _sam(config, **changes):
    return replace(config, recipe="add_train", **changes)


def test_a_run_folder_holds_all_that_is_promised(tiny, prepared):
    run = ensure_run(_sam(tiny("board.enabled=true"), seed=1), prepared)
    scores = evaluate_run(RunOnData(run, prepared, tiny()), "test")
    for name in (
        "config.yaml",
        "vocab.txt",
        "checkpoints",
        "tensorboard",
        "metrics.jsonl",
        "predictions.jsonl",
    ):
        assert (run.path / name).exists(), name
    result = json.loads((run.path / "result.json").read_text())
    assert result["model"] == "sam" and result["interaction"] == "add" and result["recipe"] == "add_train"
    assert result["teacher"] is None and result["setup"] == "sd" and result["seed"] == 1
    assert result["scores"]["test"] == scores
    assert set(scores) == {"f1", "em", "bleu4", "rouge1", "rouge2", "rougeL"}
    assert all(0 <= value <= 100 for value in scores.values())
    assert result["parameters"] > 0 and result["seconds_per_epoch"] > 0 and result["peak_memory_mb"] > 100
    assert "python" in result["versions"]
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [0, 1]
    assert {"loss", "labels", "val_f1", "val_em", "val_loss", "learning_rate"} <= set(lines[0])
    predictions = [json.loads(line) for line in (run.path / "predictions.jsonl").read_text().splitlines()]
    assert len(predictions) == prepared.count("test")
    assert set(predictions[0]) == {"example_id", "prediction", "start", "end", "score", "references", "f1"}
    assert np.mean([p["f1"] for p in predictions]) == pytest.approx(scores["f1"])


def test_a_finished_run_is_not_trained_again_and_another_seed_is_another_run(tiny, prepared, logged):
    config = _sam(tiny(), seed=2)
    first = ensure_run(config, prepared)
    written = first.weights.stat().st_mtime_ns
    logged.clear()
    again = ensure_run(config, prepared)
    assert again == first and first.weights.stat().st_mtime_ns == written
    assert "already trained" in logged.messages[0]
    assert first.path == default_run_path(config, prepared, [])
    assert first.path != default_run_path(replace(config, seed=3), prepared, [])


def test_the_same_seed_gives_the_same_scores(tiny, prepared, tmp_path):
    config = _sam(tiny(), seed=5)
    runs = [ensure_run(config, prepared, tmp_path / name) for name in ("a", "b")]
    losses = [[json.loads(line)["loss"] for line in run.metrics.read_text().splitlines()] for run in runs]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_a_folder_of_another_run_is_not_overwritten(tiny, prepared, tmp_path):
    other = _sam(tiny(), seed=6)
    RunFolder(tmp_path / "run").create(other, prepared, run_identity(other, prepared, []))
    with pytest.raises(UserError, match="another run"):
        ensure_run(_sam(tiny(), seed=7), prepared, tmp_path / "run")


def _other_process(path, on_line, before_it_ends):
    """Hold the lock of a run folder until another process waits for it; returns what is logged meanwhile."""
    path.mkdir()
    said, taken = [], ExitStack()
    taken.enter_context(exclusive_access(path, pytest.fail))

    def let_go(line):
        said.append(line)
        if "another process" in line:
            before_it_ends()
            taken.close()

    on_line(let_go)
    return said


def test_a_run_that_another_process_trains_is_waited_for_and_not_trained_again(
    tiny, prepared, tmp_path, on_line
):
    config = _sam(tiny(), seed=4)
    path = tmp_path / "run"
    result = {"epochs": 7}  # a training here would write another
    said = _other_process(path, on_line, lambda: RunFolder(path).write_result(result))
    run = ensure_run(config, prepared, path)
    assert "another process trains this run" in said[0] and "already trained" in said[1] and len(said) == 2
    assert run.result() == result and not run.metrics.exists()


def test_a_run_whose_process_was_killed_is_trained_by_the_one_that_waited(tiny, prepared, tmp_path, on_line):
    said = _other_process(tmp_path / "run", on_line, lambda: None)
    run = ensure_run(_sam(tiny(), seed=4), prepared, tmp_path / "run")
    assert "another process trains this run" in said[0] and len(run.epochs()) == 2
    with exclusive_access(run.path, pytest.fail):
        pass  # and let go again


@pytest.mark.parametrize("recipe", ["add_train", "add_aug"])
def test_a_training_that_goes_on_has_the_losses_of_one_that_was_never_stopped(
    tiny, prepared, trained, tmp_path, monkeypatch, recipe
):
    alone = recipe == "add_train"  # with a teacher that reads at every step, one stop has to do
    config = tiny(f"training.sam.epochs={4 if alone else 3}", "sam.dropout=0", "teacher=bidaf", seed=8)
    config = replace(config, model="sam", recipe=recipe)
    teachers = [] if alone else [trained("bidaf")]
    whole = ensure_run(config, prepared, tmp_path / "whole", teachers)
    original = callbacks.DevEvaluation.on_epoch_begin
    if alone:  # first it ends, with its state kept
        shorter = _sam(tiny("training.sam.epochs=2", "training.sam.keep_state=true", "sam.dropout=0", seed=8))
        assert ensure_run(shorter, prepared, tmp_path / "run").result()["epochs"] == 2
    for stop in (3,) if alone else (2,):

        def killed(self, epoch, logs=None, stop=stop):
            if epoch == stop:
                raise KeyboardInterrupt
            original(self, epoch, logs)

        monkeypatch.setattr(callbacks.DevEvaluation, "on_epoch_begin", killed)
        with pytest.raises(KeyboardInterrupt):
            ensure_run(config, prepared, tmp_path / "run", teachers)
        with pytest.raises(UserError, match="not finished"):
            RunFolder(tmp_path / "run").load_model()
    before = (tmp_path / "run" / "metrics.jsonl").read_text()
    monkeypatch.setattr(callbacks.DevEvaluation, "on_epoch_begin", original)
    run = ensure_run(config, prepared, tmp_path / "run", teachers)
    assert run.metrics.read_text().startswith(before)  # epochs that were over are not trained again
    losses = [[line["loss"] for line in epochs] for epochs in (whole.epochs(), run.epochs())]
    assert len(losses[0]) == config.training.sam.epochs
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)


def test_a_training_that_had_stopped_early_is_not_trained_further(tiny, prepared, tmp_path):
    config = _sam(tiny("training.sam.epochs=9", "training.sam.patience=1"), seed=8)
    options = replace(config.training.sam, learning_rate=0.0)  # never better than after the first epoch
    config = replace(config, training=replace(config.training, sam=options))
    run = ensure_run(config, prepared, tmp_path / "run", keep_checkpoint=True)
    lines = run.epochs()
    assert len(lines) == 2
    (run.path / "result.json").unlink()
    again = ensure_run(config, prepared, tmp_path / "run")
    assert again.epochs() == lines
    assert again.result()["best_epoch"] == 1


def test_evaluation_uses_the_averaged_weights(tiny, prepared, tmp_path):
    config = _sam(tiny("training.sam.ema_decay=0.999", "training.sam.learning_rate=0.05"), seed=9)
    config = replace(config, training=replace(config.training, sam=replace(config.training.sam, epochs=1)))
    saved = {}
    for decay in (0.999, 0.0):
        training = replace(config.training.sam, ema_decay=decay)
        averaged = replace(config, training=replace(config.training, sam=training))
        run = ensure_run(averaged, prepared, tmp_path / str(decay))
        saved[decay] = np.concatenate([v.numpy().ravel() for v in run.load_model().trainable_variables])
    moved = np.abs(saved[0.999] - saved[0.0]).max()
    assert moved > 1e-3  # the same training, other weights at its end


def test_a_teacher_is_found_by_data_and_configuration_its_own_seed_first(tiny, prepared, tmp_path):
    config = tiny("teacher=qanet", seed=11, runs_dir=str(tmp_path))

    def finished(seed):
        own = replace(config, model="qanet", teacher="", seed=seed)
        run = RunFolder(default_run_path(own, prepared, []))
        run.create(own, prepared, run_identity(own, prepared, []))
        run.write_result({})
        return run

    teacher = finished(11)
    assert find_teacher(config, prepared, "qanet") == teacher
    assert find_teacher(replace(config, seed=12), prepared, "qanet") == teacher
    lower = finished(9)
    assert find_teacher(config, prepared, "qanet") == teacher
    assert find_teacher(replace(config, seed=12), prepared, "qanet") == lower
    assert find_teacher(replace(config, qanet=replace(config.qanet, units=8)), prepared, "qanet") is None


def test_a_student_of_other_weights_of_its_teacher_is_not_found(tiny, prepared, trained, tmp_path):
    config, teacher = tiny("teacher=bidaf", recipe="add", seed=13), trained("bidaf")
    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(teacher.path, copy.path)
    student = ensure_run(config, prepared, tmp_path / "run", [teacher])
    assert ensure_run(config, prepared, tmp_path / "run", [copy]) == student  # the same weights
    copy.weights.write_bytes(copy.weights.read_bytes() + b"others")
    for unfinished in (False, True):
        if unfinished:
            (student.path / "result.json").unlink()
        with pytest.raises(UserError, match="other weights than .*copy.*remove this run"):
            ensure_run(config, prepared, student.path, [copy])


def test_a_cached_teacher_gives_the_losses_of_the_teacher_on_line(tiny, prepared, trained, tmp_path):
    config, teacher = tiny("teacher=bidaf", seed=14), trained("bidaf")
    losses = []
    for cached in (True, False):
        distilled = replace(config, recipe="add", distill=replace(config.distill, cache_teacher=cached))
        run = ensure_run(distilled, prepared, tmp_path / str(cached), [teacher])
        line = run.epochs()[0]
        assert line["loss"] == pytest.approx(line["labels"] + line["teacher"], rel=1e-4)
        losses.append(line["teacher"])
    assert losses[0] == pytest.approx(losses[1], rel=2e-2)


def test_damaged_weights_are_reported_with_their_file(tiny, prepared, tmp_path):
    run = ensure_run(_sam(tiny(), seed=15), prepared, tmp_path / "run")
    run.weights.write_bytes(run.weights.read_bytes()[:100])
    with pytest.raises(UserError, match="best.weights.h5"):
        run.load_model()


def test_bfloat16_training_leaves_the_global_policy_alone(tiny, prepared, tmp_path):
    config = _sam(tiny("training.sam.mixed_precision=bfloat16"), seed=16)
    run = ensure_run(config, prepared, tmp_path / "run")
    assert tf.keras.mixed_precision.global_policy().name == "float32"
    line = json.loads(run.metrics.read_text().splitlines()[-1])
    assert np.isfinite(line["loss"])


def test_two_runs_of_one_kind_teach_a_student_without_becoming_part_of_it(tiny, prepared, trained):
    """Every recipe by itself is trained by the report of all, ``tests/report/test_every_row.py``."""
    config = tiny("sam.interaction=mul", "teacher=bidaf,bidaf", "distill.conicity_weight=0.1")
    config = replace(config, recipe="mul_ensemble")
    student = ensure_run(config, prepared, teachers=[trained("bidaf", 30), trained("bidaf", 31)])
    result, line = student.result(), student.epochs()[-1]
    assert (result["recipe"], result["teacher"]) == ("mul_ensemble", "bidaf,bidaf")
    names = [v.name for v in student.load_model().variables]
    assert not any("highway" in name for name in names)
    weighted = line["labels"] + line["ensemble"] + 0.1 * line["conicity"]
    assert line["loss"] == pytest.approx(weighted, rel=1e-3)
    assert all(np.isfinite(line[term]) and line[term] > 0 for term in ("labels", "ensemble", "conicity"))


def test_a_teacher_that_reads_at_every_step_is_not_compiled_by_xla(tiny):
    with pytest.raises(UserError, match="--recipe=add_aug.*training.sam.jit=false"):
        distill_options(tiny("recipe=add_aug", "training.sam.jit=true"))
    with pytest.raises(UserError, match="cache_teacher=false.*training.sam.jit=false"):
        distill_options(tiny("recipe=add", "training.sam.jit=true", "distill.cache_teacher=false"))
    distill_options(tiny("recipe=add", "training.sam.jit=true"))
    distill_options(tiny("recipe=add_aug"))


def test_an_option_of_another_term_makes_no_other_run(tiny, prepared, trained):
    config, teacher = tiny("teacher=qanet", recipe="add"), trained("qanet")

    def path(student_config):
        return default_run_path(student_config, prepared, [teacher])

    changed = replace(config, distill=replace(config.distill, top_k=7))
    assert path(changed) == path(config)
    assert path(replace(changed, recipe="add_topk")) != path(replace(config, recipe="add_topk"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "auto"),
        (("training.sam.recurrence=keras",), "keras"),
        (("training.sam.recurrence=compiled", "training.sam.jit=true"), "keras"),  # XLA can compile no other
    ],
)
def test_recurrent_layers_are_of_the_wanted_implementation(tiny, prepared, monkeypatch, options, expected):
    made = []

    class Stopped(Exception):
        pass

    def build(*arguments):
        layers = build_model(*arguments).submodules
        made.extend(layer.implementation for layer in layers if isinstance(layer, BidirectionalRNN))
        raise Stopped

    monkeypatch.setattr(untrained, "build_model", build)
    with pytest.raises(Stopped):
        ensure_run(_sam(tiny(*options, seed=77)), prepared)
    assert made and set(made) == {expected}
