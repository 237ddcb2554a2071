"""Which epoch is the best, by F1 or by NLL."""

from dataclasses import replace

import numpy as np
import pytest

from holle_tf.evaluate.predictor import Predictor, SplitPredictions
from holle_tf.training.early_stopping import best_line, is_better, out_of_patience
from holle_tf.training.train import ensure_run

NAN = float("nan")


def lines_of(f1, nll):
    return [{"epoch": i, "val_f1": a, "val_loss": b} for i, (a, b) in enumerate(zip(f1, nll))]


LINES = lines_of([10.0, 30.0, 20.0, 30.0], [4.0, 3.0, 2.0, 5.0])


@pytest.mark.parametrize(("best_by", "best", "patience"), [("f1", 1, 2), ("nll", 2, 1)])
def test_the_best_epoch_has_the_highest_f1_or_the_lowest_nll_and_is_the_first_of_equals(
    best_by, best, patience
):
    assert best_line(LINES, best_by)["epoch"] == best
    improved = [i for i, line in enumerate(LINES) if is_better(line, LINES[:i], best_by)]
    assert improved[-1] == best
    assert out_of_patience(LINES, patience, best_by) and not out_of_patience(LINES, patience + 1, best_by)


def test_a_nan_is_never_better_except_than_nothing():
    lines = lines_of([0.0, 0.0], [NAN, 9.0])
    assert is_better(lines[0], [], "nll") and is_better(lines[1], lines[:1], "nll")
    assert not is_better(lines[0], lines[1:], "nll")
    assert best_line(lines, "nll")["epoch"] == 1
    assert not out_of_patience([], 1, "nll")


class GivenScores(SplitPredictions):
    """Predictions of dev with the scores of a line."""

    em, f1 = 0.0, None


@pytest.mark.parametrize(("best_by", "epochs", "best"), [("f1", 3, 2), ("nll", 4, 3)])
def test_training_keeps_the_weights_of_the_best_epoch_and_stops_by_the_same_measure(
    tiny, prepared, tmp_path, monkeypatch, best_by, epochs, best
):
    config = tiny("training.sam.epochs=9", "training.sam.patience=1", f"training.sam.best_by={best_by}")
    weights = []

    def predict(self, *_):
        line = LINES[len(weights)]
        weights.append([value.numpy() for value in self.model.trainable_variables])
        found = GivenScores([], line["val_loss"], {}, {})
        found.f1 = line["val_f1"]
        return found

    original = Predictor.__init__

    def remember(self, model, *given, **options):
        self.model = model
        original(self, model, *given, **options)

    monkeypatch.setattr(Predictor, "__init__", remember)
    monkeypatch.setattr(Predictor, "predict", predict)
    run = ensure_run(replace(config, recipe="add_train"), prepared, tmp_path / "run")
    assert len(run.epochs()) == epochs and run.result()["best_epoch"] == best
    kept = [value.numpy() for value in run.load_model().trainable_variables]
    same = [all(map(np.array_equal, kept, values)) for values in weights]
    assert same == [epoch == best for epoch in range(1, epochs + 1)]
