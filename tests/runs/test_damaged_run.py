"""A finished run whose files have changed is refused in one line, and never answers otherwise."""

import json
import shutil

import pytest

from holle_tf.runs.evaluation import evaluate_run, run_row
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.run_folder import RunFolder, difference
from holle_tf.runs.run_on_data import RunOnData
from pipelines.errors import UserError

DECISIVE = ("checkpoints/best.weights.h5", "config.yaml", "vocab.txt", "chars.txt")


@pytest.fixture
def copied(student_run, tmp_path):
    """A copy of a finished run."""
    shutil.copytree(student_run.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def _refused(run, said):
    with pytest.raises(UserError, match=said) as caught:
        ChatPredictor(run)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", DECISIVE)
def test_a_flipped_bit_in_a_file_that_decides_an_answer_is_found(copied, name):
    assert set(copied.result()["sha256"]) == set(DECISIVE)
    path = copied.path / name
    raw = bytearray(path.read_bytes())
    place = raw.index(b"units: 8") + 7 if name == "config.yaml" else len(raw) - 3
    raw[place] ^= 1
    path.write_bytes(raw)
    _refused(copied, f"{name}: has changed since it was written, its SHA-256 is not the one recorded")


def test_a_run_that_was_evaluated_keeps_its_digests(copied, prepared, tiny):
    before = copied.result()["sha256"]
    evaluate_run(RunOnData(copied, prepared, tiny()), "dev")
    assert copied.result()["sha256"] == before and "dev" in copied.result()["scores"]
    ChatPredictor(copied)


def test_a_run_from_before_digests_were_recorded_is_loaded(copied):
    result = copied.result()
    del result["sha256"]
    copied.write_result(result)
    ChatPredictor(copied)


def test_weights_that_hdf5_cannot_read_are_one_line(copied):
    result = copied.result()
    del result["sha256"]
    copied.write_result(result)
    whole = copied.weights.read_bytes()
    for cut in (b"", whole[:100], whole[: len(whole) // 2], b"\0" * 1000 + whole[1000:]):
        copied.weights.write_bytes(cut)
        _refused(copied, "best.weights.h5: cannot load these weights")


@pytest.mark.parametrize(
    "content", ["null", "[]", "7", '"x"', "[" * 100_000, "{", "\udcff", '{"scores": null}']
)
def test_a_damaged_result_is_one_line(copied, content):
    (copied.path / "result.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    _refused(copied, "result.json: (cannot be read|damaged)")


def test_a_result_without_costs_is_one_line(copied, prepared, tiny):
    copied.write_result({"teacher": "nobody", "scores": {"dev": {}}})
    with pytest.raises(UserError, match="result.json: damaged, no parameters"):
        run_row(RunOnData(copied, prepared, tiny()), "a run", "dev")


@pytest.mark.parametrize("content", [b'{"epoch": 0, "l\xffoss": 1}\n', b"[" * 100_000])
def test_a_damaged_log_is_one_line(copied, content):
    copied.metrics.write_bytes(content)
    with pytest.raises(UserError, match="metrics.jsonl"):
        copied.epochs()


def test_a_refused_run_says_which_options_differ(student_run):
    identity = student_run.identity()
    other = json.loads(json.dumps(identity))
    other["training"]["epochs"] = 99
    other["seed"] = 5
    with pytest.raises(UserError, match="holds another run") as caught:
        student_run.check(other)
    assert "training.epochs is 2 there and 99 now" in str(caught.value)
    assert "seed is 20 there and 5 now" in str(caught.value)
    many = difference({"a": 1, "b": 2, "c": 3, "d": 4}, {"e": "x" * 99})
    assert many.count(" there and ") == 3 and many.endswith("; and 2 more")
