import json

import pytest

from holle_tf.config_sources import load_config
from holle_tf.options.tuning import TuningConfig
from tuning.oracles import KINDS, make_oracle
from tuning.space import read_space

GRID = {"sam.units": [8, 16], "sam.dropout": [0.1, 0.3]}


@pytest.fixture
def oracle(space_file, tmp_path):
    """Function: tuner, options -> an oracle over a space of four combinations, new or reloaded."""

    def make(tuner="grid", reload=False, content=GRID, name="search", **options):
        space = read_space(load_config((), [f"tuning.space={space_file(content)}"]), False)
        made = make_oracle(tuner, space, TuningConfig(**options), seed=0, epochs=9)
        made._set_project_dir(str(tmp_path), name)
        if reload:
            made.reload()
        else:
            made.save()
        return made

    return make


def finish(oracle, trial, score=1.0):
    oracle.update_trial(trial.trial_id, {"val_f1": score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def run_all(oracle, tuner_id="tuner0", limit=200):
    """The values of all further trials, all of which succeed."""
    found = []
    while len(found) < limit:
        trial = oracle.create_trial(tuner_id)
        if trial.status == "STOPPED":
            return found
        found.append(tuple(trial.hyperparameters.values[key] for key in GRID))
        finish(oracle, trial, score=float(len(found)))
    raise AssertionError("no end")


def test_a_grid_has_every_combination_once(oracle):
    assert run_all(oracle()) == [(8, 0.1), (8, 0.3), (16, 0.1), (16, 0.3)]


@pytest.mark.parametrize("name", ["search [v2]", "star*?"])
def test_a_search_goes_on_in_a_folder_whose_name_looks_like_a_pattern(oracle, name):
    first = oracle(name=name)
    finish(first, first.create_trial("tuner0"))
    second = oracle(name=name, reload=True)
    assert list(second.trials) == list(first.trials)
    assert run_all(second) == [(8, 0.3), (16, 0.1), (16, 0.3)]


@pytest.mark.parametrize("tuner", sorted(KINDS))
def test_a_search_goes_on_after_its_last_finished_trial(oracle, tuner):
    first = oracle(tuner, max_trials=4)
    done = first.create_trial("tuner0")
    finish(first, done)
    killed = first.create_trial("tuner0")
    second = oracle(tuner, reload=True, max_trials=4)
    assert second.trials[done.trial_id].score == 1.0
    again = second.create_trial("tuner0")
    assert again.trial_id == killed.trial_id
    assert again.hyperparameters.values == killed.hyperparameters.values
    finish(second, again)
    run_all(second)
    assert len(second.trials) == 4


def test_a_trial_that_was_written_before_the_state_is_done_again(oracle, tmp_path):
    first = oracle()
    state = (tmp_path / "search" / "oracle.json").read_text()
    trial = first.create_trial("tuner0")
    (tmp_path / "search" / "oracle.json").write_text(state)  # killed between the two files
    second = oracle(reload=True)
    assert second.create_trial("tuner0").trial_id == trial.trial_id


def test_a_trial_that_went_over_the_wire_is_not_done_anew(oracle):
    made = oracle()
    trial = made.create_trial("worker1")
    finish(made, type(trial).from_proto(trial.to_proto()))
    assert run_all(made) == [(8, 0.3), (16, 0.1), (16, 0.3)]


def test_no_trial_begins_after_the_budget_and_interruptions_do_not_count(oracle, tmp_path):
    first = oracle(max_minutes=1)
    finish(first, first.create_trial("tuner0"))
    path = tmp_path / "search" / "oracle.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "elapsed_seconds": 59.0}))
    second = oracle(reload=True, max_minutes=1)
    finish(second, second.create_trial("tuner0"))
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "elapsed_seconds": 61.0}))
    assert oracle(reload=True, max_minutes=1).create_trial("tuner0").status == "STOPPED"


def test_a_trial_that_was_interrupted_waits_for_a_search_with_more_time(oracle, tmp_path):
    first = oracle(max_minutes=1)
    trial = first.create_trial("tuner0")
    path = tmp_path / "search" / "oracle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "elapsed_seconds": 61.0}))
    assert oracle(reload=True, max_minutes=1).create_trial("tuner0").status == "STOPPED"
    assert oracle(reload=True, max_minutes=2).create_trial("tuner0").trial_id == trial.trial_id


def test_a_lost_workers_trial_is_done_again_and_at_last_failed(oracle):
    made = oracle(retries=1, max_trials=1)
    trial = made.create_trial("worker1")
    assert made.create_trial("worker2").status == "IDLE"  # it may still be needed
    assert made.give_up("worker1") == trial.trial_id
    again = made.create_trial("worker2")
    assert (again.trial_id, again.status) == (trial.trial_id, "RUNNING")
    assert made.give_up("worker2") == trial.trial_id
    assert made.trials[trial.trial_id].status == "FAILED"
    assert made.create_trial("worker3").status == "STOPPED" and made.over


def test_a_worker_that_was_given_up_and_ends_after_all_is_believed(oracle):
    made = oracle(max_trials=1)
    trial = made.create_trial("worker1")
    made.give_up("worker1")
    finish(made, trial, score=2.0)
    assert made.create_trial("worker2").status == "STOPPED"
    assert made.trials[trial.trial_id].score == 2.0


def test_a_silent_worker_is_noticed_and_one_that_asks_for_its_trial_is_not_silent(oracle, monkeypatch):
    made = oracle(lost_seconds=60)
    now = [1000.0]
    monkeypatch.setattr("tuning.oracles.time.monotonic", lambda: now[0])
    trials = [made.create_trial(name) for name in ("worker1", "worker2")]
    now[0] += 50
    made.get_trial(trials[1].trial_id)
    now[0] += 20
    assert made.silent_workers() == ["worker1"]


def test_hyperband_goes_on_with_the_best_of_a_round(oracle):
    made = oracle("hyperband", max_trials=0, content={"sam.dropout": {"min": 0.0, "max": 0.5}})
    rounds = {}
    for score in range(100):
        trial = made.create_trial("tuner0")
        if trial.status == "STOPPED":
            break
        values = trial.hyperparameters.values
        rounds.setdefault(values["tuner/round"], []).append(values)
        finish(made, trial, float(score))
    assert trial.status == "STOPPED"
    assert all("tuner/trial_id" in values for values in rounds[1])
    assert max(values["tuner/epochs"] for trials in rounds.values() for values in trials) == 9
