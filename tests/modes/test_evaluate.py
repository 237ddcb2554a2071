"""``--mode=evaluate``: scores beside the baselines."""

import json

import pytest

from holle_tf.modes.evaluate import evaluate_mode
from pipelines.errors import UserError
from pipelines.records import read_examples


def test_evaluate_prints_baselines_and_ends_in_json(tiny, student_run, capsys):
    evaluate_mode(tiny(), str(student_run.path), "dev")
    printed = capsys.readouterr().out
    assert "span popularity" in printed
    last = json.loads(printed.splitlines()[-1])
    assert last["f1"] == student_run.result()["scores"]["dev"]["f1"]
    assert set(last["conicity"]) == {"prober_vector", "responder_vector"}
    assert f"conicity of prober_vector: {last['conicity']['prober_vector']:.3f}" in printed
    assert (student_run.path / "predictions.dev.jsonl").exists()


def test_a_student_is_not_evaluated_on_another_kind_of_documents_than_its_own(tiny, student_run):
    with pytest.raises(UserError, match="--setup=ld.*what it was trained on .sd."):
        evaluate_mode(tiny("data.setup=ld"), str(student_run.path), "test")


def test_evaluate_scores_against_all_references_of_a_file(tiny, student_run, prepared, tmp_path, capsys):
    ids = [example.example_id for example in read_examples(prepared, "test")]
    file = tmp_path / "more.json"
    file.write_text(json.dumps({ids[0]: {"spans": ["a film", 1998]}, "ts_999_0": {"spans": ["x"]}}))
    evaluate_mode(tiny(), str(student_run.path), "test", str(file))
    printed = capsys.readouterr().out
    assert "1 examples have further references, 11 have none; 1 ids" in printed
    assert "all their references" in printed
    found = json.loads(printed.splitlines()[-1])["multi_reference"]
    assert found["multi"]["f1"] >= found["single"]["f1"]
    with pytest.raises(UserError, match="none.json"):
        evaluate_mode(tiny(), str(student_run.path), "test", str(tmp_path / "none.json"))


def test_a_run_decodes_as_it_was_trained(tiny, student_run):
    with pytest.raises(UserError, match="max_span=10: .* at most 64 words"):
        evaluate_mode(tiny("evaluation.max_span=10"), str(student_run.path))


@pytest.mark.parametrize("ending", ["jsonl.gz", "parquet"])
def test_the_scores_that_a_run_writes_score_as_the_run_does(tiny, trained, tmp_path, capsys, ending):
    run, file = trained("bidaf"), tmp_path / f"scores.{ending}"
    evaluate_mode(tiny(), str(run.path), "dev", write_scores=str(file))
    of_run = json.loads(capsys.readouterr().out.splitlines()[-1])
    evaluate_mode(tiny(teacher=f"scores:{file}"), None, "dev")
    printed = capsys.readouterr().out
    of_file = json.loads(printed.splitlines()[-1])
    assert of_file["f1"] == pytest.approx(of_run["f1"]) and of_file["em"] == pytest.approx(of_run["em"])
    assert of_file["parameters"] == run.result()["parameters"] and "span popularity" in printed


def test_only_the_scores_of_a_run_can_be_written(tiny, tmp_path):
    file = tmp_path / "scores.jsonl"
    file.write_text('{"format": "span_scores", "version": 1, "values": "logits"}\n')
    with pytest.raises(UserError, match="name one by --run_dir"):
        evaluate_mode(tiny(teacher=f"scores:{file}"), write_scores=str(tmp_path / "again.jsonl"))
    with pytest.raises(UserError, match="no scores of 12 of 12 examples of test"):
        evaluate_mode(tiny(teacher=f"scores:{file}"))
