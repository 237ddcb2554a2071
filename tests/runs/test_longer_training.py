"""Which training can go on for longer, and what is said of the others."""

import json

import pytest

from holle_tf.runs.longer_training import copy_state, is_longer, shorter_runs, why_not
from holle_tf.runs.run_folder import RunFolder
from pipelines.errors import UserError
from pipelines.files import json_sha256


def of(epochs=3, patience=2, decay="none", **other):
    return {"model": "sam", "training": {"epochs": epochs, "patience": patience, "decay": decay}, **other}


@pytest.fixture
def run(tmp_path):
    """Function (identity, name, state, finished) -> a run folder."""

    def make(identity, name="run", state=True, finished=True):
        path = tmp_path / name
        (path / "checkpoints").mkdir(parents=True)
        (path / "identity.json").write_text(json.dumps(identity))
        (path / "metrics.jsonl").write_text("{}\n")
        (path / "checkpoints" / "best.weights.h5").write_text("weights")
        if finished:
            (path / "result.json").write_text("{}")
        if state:
            resume = path / "checkpoints" / "resume" / "chief"
            resume.mkdir(parents=True)
            (resume / "ckpt-3.index").write_text("state")
        return path

    return make


@pytest.mark.parametrize(
    "wanted, longer",
    [
        (of(4), True),
        (of(3, 5), True),
        (of(4, 5), True),
        (of(), False),
        (of(2), False),
        (of(4, 1), False),
        (of(4, seed=1), False),
        (of("4"), False),
        ({"model": "sam"}, False),
    ],
)
def test_a_training_is_longer_if_it_differs_in_a_later_end_alone(wanted, longer):
    assert is_longer(of(), wanted) == longer


def test_a_kept_state_goes_on_in_its_folder(run):
    assert why_not(run(of()), of(), of(8)) == ""
    RunFolder(run(of(), "other")).check(of(8))


@pytest.mark.parametrize(
    "found, how, said",
    [
        (of(), {"state": False}, r"of 3 epochs is finished here and did not keep its state.*keep_state=true"),
        (of(), {"state": False, "finished": False}, "is here without its state"),
        (of(decay="cosine"), {}, "over which its learning rate decays to zero"),
        (
            of(),
            {"name": f"sam-seed0-{json_sha256(of())[:8]}"},
            "named after a training of 3 epochs; leave out",
        ),
    ],
    ids=["no state", "unfinished without state", "cosine", "named by default"],
)
def test_what_cannot_go_on_says_why_and_what_to_do(run, found, how, said):
    path = run(found, **how)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with pytest.raises(UserError, match=said) as caught:
        RunFolder(path).check({**of(8), "training": {**found["training"], "epochs": 8}})
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_more_patience_does_not_change_a_rate_that_decays(run):
    assert why_not(run(of(decay="cosine")), of(decay="cosine"), of(3, 9, "cosine")) == ""


def test_the_longest_shorter_run_with_a_state_is_gone_on_from(run, tmp_path):
    short, long = run(of(2), "a"), run(of(5), "b")
    run(of(6), "without state", state=False)
    run(of(6, decay="cosine"), "cosine")
    run(of(9), "as long")
    run(of(7), "unfinished", finished=False)
    damaged = run(of(7), "damaged")
    (damaged / "identity.json").write_text("[" * 100_000)
    assert shorter_runs(tmp_path, of(9)) == [long, short]


def test_a_copied_state_is_an_unfinished_run_of_the_new_identity(run, tmp_path):
    shorter = run(of())
    copy_state(shorter, tmp_path / "longer", of(8))
    copied = RunFolder(tmp_path / "longer")
    assert copied.identity() == of(8) and copied.result() is None
    assert copied.weights.read_text() == "weights"
    assert (copied.resume / "chief" / "ckpt-3.index").read_text() == "state"
    assert (shorter / "result.json").exists()
