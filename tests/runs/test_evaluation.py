"""A score of one's own, from the evaluation of a run to whatever lists scores."""

import json
from dataclasses import replace

import pytest

from holle_tf.evaluate.scores import SCORES, Score, register_score
from holle_tf.modes import all_modes as modes
from holle_tf.training.train import ensure_run


def _surplus(prediction, references):
    """Share of the predicted words that no reference has."""
    known = {word for text in references for word in text.split()}
    words = prediction.split()
    return sum(word not in known for word in words) / max(len(words), 1)


@pytest.fixture
def surplus():
    register_score(
        Score("surplus", "Surplus", "surp", "words in no reference", _surplus, higher_is_better=False)
    )
    yield
    SCORES.pop("surplus", None)


def _line_of(printed, name):
    """The cells of the row of a table that begins with ``name``."""
    (line,) = (line for line in printed.splitlines() if line.strip().startswith(name))
    return line.split()


def test_a_registered_score_is_computed_stored_and_shown_and_missing_where_it_was_not_yet(
    tiny, prepared, tmp_path, capsys, surplus
):
    own = replace(tiny(runs_dir=str(tmp_path), seed=44), recipe="add_train")
    run = ensure_run(own, prepared, tmp_path / prepared.folder.name / "sam-44")
    old = ensure_run(replace(own, seed=45), prepared, tmp_path / prepared.folder.name / "sam-45")
    added = SCORES.pop("surplus")
    config = tiny(runs_dir=str(tmp_path))
    modes.evaluate_mode(config, str(old.path), "test")
    assert "surplus" not in json.loads(capsys.readouterr().out.splitlines()[-1])

    register_score(added)
    modes.evaluate_mode(config, str(run.path), "test")
    printed = capsys.readouterr().out
    found = json.loads(printed.splitlines()[-1])["surplus"]
    assert 0 < found <= 100 and run.result()["scores"]["test"]["surplus"] == found
    assert "surp" in printed and _line_of(printed, "add_train")[7] == f"{found:.2f}"

    modes.baselines_mode(config, "test")
    printed = capsys.readouterr().out
    assert _line_of(printed, "sam-44")[7] == f"{found:.2f}"
    assert _line_of(printed, "sam-45")[7] == "-"
