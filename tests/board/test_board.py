"""What a run leaves for TensorBoard, read back by TensorBoard's own reader."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import plugin_data_pb2

from holle_tf.board.example_views import View, choose_examples, draw_curves, spans_as_markdown
from holle_tf.options.board import BoardConfig
from holle_tf.runs.evaluation import evaluate_run
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.training import dev_evaluation as callbacks
from holle_tf.training.train import ensure_run

STEPS = 3  # of an epoch


def events_of(folder):
    """Tag -> its events in order of writing."""
    events = {}
    for path in sorted(folder.glob("events.*")):
        for record in tf.compat.v1.train.summary_iterator(str(path)):
            for value in record.summary.value:
                events.setdefault(value.tag, []).append((record.step, value))
    return events


def numbers(events, tag):
    return [(step, float(tf.make_ndarray(value.tensor))) for step, value in events[tag]]


@pytest.fixture
def watched(tiny):
    """Function: configuration -> the same, writing for TensorBoard at every step."""
    board = BoardConfig(scalars_every=1, gradients_every=2, examples=2)
    return lambda config: replace(config, board=board)


@pytest.fixture
def distilled(tiny, prepared, watched, trained):
    student = watched(tiny("teacher=qanet", recipe="add", seed=60))
    return ensure_run(student, prepared, teachers=[trained("qanet")])


def test_a_distilled_run_has_everything_that_the_page_is_to_show(distilled, prepared, tiny):
    lines = distilled.epochs()
    for line in lines:
        assert line["loss"] == pytest.approx(line["labels"] + line["teacher"], rel=1e-4)
    events = events_of(distilled.tensorboard)
    for term in ("loss", "labels", "teacher"):
        points = numbers(events, f"train/{term}")
        assert [step for step, _ in points] == list(range(1, 2 * STEPS + 1))
        # Batches of 16 examples each, so that the mean of the points is that of the epoch.
        for epoch, line in enumerate(lines):
            values = [value for _, value in points[STEPS * epoch : STEPS * (epoch + 1)]]
            assert np.mean(values) == pytest.approx(line[term], rel=1e-4)
    for term in ("labels", "teacher"):
        norms = numbers(events, f"gradient_norm/{term}")
        assert [step for step, _ in norms] == [2, 4, 6] and all(norm > 0 for _, norm in norms)
    for tag, name in (("dev/f1", "val_f1"), ("dev/em", "val_em"), ("dev/loss", "val_loss")):
        expected = [(STEPS * (i + 1), pytest.approx(line[name], rel=1e-5)) for i, line in enumerate(lines)]
        assert numbers(events, tag) == expected
    assert dict(numbers(events, "train/learning_rate"))[1] == pytest.approx(1e-3)
    for side in ("prober", "responder"):
        cone = numbers(events, f"conicity/{side}_vector")
        assert cone[0][1] == pytest.approx(lines[0][f"val_conicity_{side}_vector"])
        assert len(events[f"cosine_to_mean/{side}_vector"]) == 2
    pictures = [tag for tag in events if tag.startswith("curves/")]
    assert len(pictures) == 2
    width, height, png = tf.make_ndarray(events[pictures[0]][0][1].tensor)[:3]
    assert png.startswith(b"\x89PNG") and int(width) > int(height) > 100
    text = tf.make_ndarray(events["spans"][0][1].tensor).item().decode()
    assert "| query | true span | student (F1) | qanet (teacher) (F1) |" in text

    scores = evaluate_run(RunOnData(distilled, prepared, tiny()), "test")
    evaluate_run(RunOnData(distilled, prepared, tiny()), "test")
    assert numbers(events_of(distilled.tensorboard), "test/f1") == [(0, pytest.approx(scores["f1"]))]


def test_runs_compare_by_hyperparameters_and_their_best_scores(distilled):
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(distilled.path)).Reload()
    content = multiplexer.SummaryMetadata("tensorboard", "_hparams_/session_start_info").plugin_data.content
    start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    values = {name: value.string_value or value.number_value for name, value in start.hparams.items()}
    assert values["model"] == "sam" and values["recipe"] == "add" and values["teacher"] == "qanet"
    assert (values["units"], values["seed"], values["term.temperature"]) == (8, 60, 1)
    content = multiplexer.SummaryMetadata("tensorboard", "_hparams_/experiment").plugin_data.content
    experiment = plugin_data_pb2.HParamsPluginData.FromString(content).experiment
    assert {info.name.tag for info in experiment.metric_infos} >= {"best/dev_f1", "test/f1"}
    best = [event.step for event in multiplexer.Tensors("tensorboard", "best/dev_f1")]
    assert best == sorted(best) and best


def test_steps_go_on_after_an_interruption_and_losses_are_those_of_a_run_without_it(
    tiny, prepared, watched, tmp_path, monkeypatch
):
    plain = replace(tiny(seed=61), recipe="add_train")
    config = watched(plain)
    original = callbacks.DevEvaluation.on_epoch_begin

    def killed(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt
        original(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.DevEvaluation, "on_epoch_begin", killed)
        with pytest.raises(KeyboardInterrupt):
            ensure_run(config, prepared, tmp_path / "run")
    run = ensure_run(config, prepared, tmp_path / "run")
    assert len(list(run.tensorboard.glob("events.*"))) == 2
    steps = [step for step, _ in numbers(events_of(run.tensorboard), "train/loss")]
    assert steps == list(range(1, 2 * STEPS + 1))
    one_epoch = replace(plain, training=replace(plain.training, sam=replace(plain.training.sam, epochs=1)))
    off = ensure_run(one_epoch, prepared, tmp_path / "off")
    assert not off.tensorboard.exists()
    assert off.epochs()[0]["loss"] == pytest.approx(run.epochs()[0]["loss"], rel=1e-4)


def test_curves_and_spans_show_a_chat_as_it_is(prepared):
    encoded = choose_examples(prepared, 3)
    assert len({example.example.example_id for example in encoded}) == 3
    width = max(len(example.document) for example in encoded)
    flat = {edge: np.full((3, width), 1 / width) for edge in ("start", "end")}
    true = View(flat, np.array([[example.start, example.end] for example in encoded]))
    picture = draw_curves(encoded[0], 0, {"student": true, "teacher": true})
    assert picture.dtype == np.uint8 and picture.shape[2] == 3 and picture.std() > 5
    lines = spans_as_markdown(encoded, {"student": true}).splitlines()
    assert len(lines) == 5 and all("**(100)**" in line for line in lines[2:])
    odd = replace(encoded[0], example=replace(encoded[0].example, query="a | b\n<i>_c_"))
    assert "| a \\| b &lt;i>\\_c\\_ |" in spans_as_markdown([odd], {"student": true})
