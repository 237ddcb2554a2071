"""``--mode=predict``: queries that are asked for."""

import pytest

from holle_tf.modes.predict import predict_mode
from pipelines.errors import UserError


def test_asking_interactively_answers_each_query(tiny, student_run, monkeypatch, capsys):
    said = iter(["What happens?", "And then?", ""])
    monkeypatch.setattr("rich.console.Console.input", lambda self, *args, **kwargs: next(said))
    predict_mode(tiny(), str(student_run.path))
    printed = capsys.readouterr().out
    assert "What happens?" in printed and "And then?" in printed


def test_a_run_decodes_as_it_was_trained(tiny, student_run):
    with pytest.raises(UserError, match="max_span=10: .* at most 64 words"):
        predict_mode(tiny("evaluation.max_span=10"), str(student_run.path))
