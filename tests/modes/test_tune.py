import csv
import json
from dataclasses import replace
from functools import partial

import pytest
import yaml

from holle_tf.config_sources import load_config, preset
from holle_tf.modes.tune import tune_mode
from pipelines.errors import UserError
from tuning.plan import Plan
from tuning.results import best_yaml
from tuning.trial import full_config, trial_config


@pytest.fixture
def tiny(tiny):
    """Function (assignments) -> configuration of a tiny search in this process."""
    return partial(tiny, "tuning.isolate=false", "tuning.trial_epochs=1")


@pytest.fixture
def tune(tiny, space_file, tmp_path, capsys, logged):
    """Function (content of the space, assignments) -> (what was printed last, what was logged)."""

    def run(content, *assignments, folder="search", **flags):
        config = tiny(f"tuning.space={space_file(content)}", *assignments, **flags)
        logged.clear()
        tune_mode(config, str(tmp_path / folder))
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1]), logged.messages

    return run


def _taken(path):
    """The configuration that ``--config`` takes from a file, on the embedded corpus."""
    return load_config([preset("demo"), path])


def test_a_search_leaves_a_table_a_picture_hparams_and_a_configuration_to_go_on_with(tune, tmp_path, tiny):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    space = {"sam.units": [4, 8], "training.sam.learning_rate": [0.001, 1e38]}
    printed, lines = tune(space, "tuning.executions=2")
    folder = tmp_path / "search"
    summary = json.loads((folder / "trials.json").read_text())
    rows = summary["trials"]
    assert [row["status"] for row in rows] == ["COMPLETED"] * 2 + ["FAILED"] * 2  # one rate diverges
    assert printed["failed"] == 2 and "diverged" in rows[-1]["error"]
    assert rows[0]["val_f1"] >= rows[1]["val_f1"] and rows[0]["objective"] == pytest.approx(rows[0]["val_f1"])
    outcome = json.loads((folder / "trial_00" / "outcome.json").read_text())
    scores = [execution["val_f1"] for execution in outcome["executions"]]
    assert outcome["val_f1"] == pytest.approx(sum(scores) / 2)
    assert {path.name for path in (folder / "trial_00").glob("seed*")} == {"seed0", "seed1"}

    with open(folder / "trials.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert [line["sam.units"] for line in table] == [str(row["values"]["sam.units"]) for row in rows]
    markdown = (folder / "trials.md").read_text().splitlines()
    assert markdown[0].startswith("| trial | units | learning_rate | F1 |") and len(markdown) == 6
    assert (folder / "trials.png").read_bytes().startswith(b"\x89PNG")

    best = yaml.safe_load((folder / "best.yaml").read_text())
    assert best["training"]["sam"]["learning_rate"] == 0.001 and "tuning" not in best
    config = _taken(folder / "best.yaml")
    assert config.sam.units == rows[0]["values"]["sam.units"]
    # All else is that of the search: other data or sizes would be another training.
    assert replace(config, sam=replace(config.sam, units=8), recipe="") == tiny(
        "tuning.isolate=true", "tuning.trial_epochs=0"
    )

    events = EventAccumulator(str(folder / "hparams" / f"trial_{rows[0]['trial'] - 1:02d}")).Reload()
    tags = events.SummaryMetadata("_hparams_/session_start_info")
    data = HParamsPluginData.FromString(tags.plugin_data.content)
    assert data.session_start_info.hparams["sam.units"].number_value == rows[0]["values"]["sam.units"]
    assert events.Scalars("val_f1")[0].value == pytest.approx(rows[0]["val_f1"], rel=1e-5)

    again, lines = tune(space, "tuning.executions=2")
    assert again == printed and "going on after 4 trials" in " ".join(lines)
    assert not any(line.startswith("trial ") for line in lines)
    with pytest.raises(UserError, match="another search"):
        tune(space, "tuning.executions=1")


def test_a_search_in_which_every_trial_fails_is_an_error(tune):
    with pytest.raises(UserError, match="no trial was completed.*diverged"):
        tune({"training.sam.learning_rate": [1e38]})


def test_recipes_are_searched_with_a_cached_teacher_and_only_what_they_read(tune, tmp_path, tiny):
    space = {
        "sam.interaction": ["add", "mul"],
        "distill": {"distill.temperature": [2.0], "distill.gradient_weight": [1.0, 2.0]},
    }
    _, lines = tune(space, teacher="qanet", recipe="add_topk")
    assert any("left out" in line and "distill.gradient_weight" in line for line in lines)
    files = sorted((tmp_path / "search").glob("trial_*/seed0/config.yaml"))
    configs = [load_config([file]) for file in files]
    chosen = [(config.recipe, config.sam.interaction) for config in configs]
    assert chosen == [("add_topk", "add"), ("mul_topk", "mul")]
    assert {config.distill.temperature for config in configs} == {2.0}
    best = _taken(tmp_path / "search" / "best.yaml")
    assert best.teacher == "qanet" and best.recipe == f"{best.sam.interaction}_topk"
    assert len(list((tmp_path / "search").glob("trial_*/seed0/result.json"))) == 2


def test_a_trial_is_cut_when_its_time_is_over_and_scored(tune, tmp_path):
    space = {"sam.units": [4]}
    tune(space, "tuning.trial_minutes=0.00001", "tuning.trial_epochs=5", "training.sam.batch_size=4")
    (row,) = json.loads((tmp_path / "search" / "trials.json").read_text())["trials"]
    assert row["status"] == "COMPLETED" and row["epochs"] == 1 and row["val_f1"] >= 0


def test_hyperband_goes_on_from_the_weights_of_the_shorter_training(tune, tmp_path):
    space = {"sam.dropout": {"min": 0.0, "max": 0.5}}
    tune(space, "tuning.tuner=hyperband", "tuning.trial_epochs=3", "tuning.max_trials=4", "sam.units=4")
    folders = sorted((tmp_path / "search").glob("trial_*"))
    raw = json.loads((folders[3] / "trial.json").read_text())["hyperparameters"]["values"]
    shorter = tmp_path / "search" / f"trial_{raw['tuner/trial_id']}" / "seed0" / "metrics.jsonl"
    before, after = shorter.read_text(), (folders[3] / "seed0" / "metrics.jsonl").read_text()
    assert len(before.splitlines()) == 1 and len(after.splitlines()) == 3
    assert after.startswith(before)


@pytest.mark.parametrize(
    ("content", "assignments", "flags", "said"),
    [
        ({"sam.dropout": {"min": 0, "max": 0.5}}, ["tuning.tuner=grid"], {}, "--tuner=random"),
        ({"sam.dropout": {"min": 0, "max": 0.5}}, ["tuning.max_trials=0"], {}, "is infinite"),
        ({"distill.top_k": [5, 9]}, [], {}, "none of its keys"),
        ({"sam.units": [4]}, [], {"model": "qanet"}, "none of its keys"),
        ({"qanet.units": [4]}, [], {"model": "qanet", "teacher": "bidaf"}, "learns from no teacher"),
        ({"sam.units": [4]}, [], {"recipe": "add_topk"}, "needs --teacher"),
        (
            {"recipe": ["add_topk", "add_both"]},
            [],
            {"recipe": "add_topk", "teacher": "qanet"},
            "other teachers",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_trained(tune, content, assignments, flags, said):
    with pytest.raises(UserError, match=said):
        tune(content, *assignments, **flags)


def test_a_search_of_a_teacher_trains_teachers(tune, tmp_path):
    printed, _ = tune({"qanet.units": [8, 16]}, "tuning.max_trials=1", model="qanet")
    best = yaml.safe_load((tmp_path / "search" / "best.yaml").read_text())
    assert best["model"] == "qanet" and best["qanet"]["units"] == 8


def test_a_recipe_of_ones_own_keeps_its_name_and_interaction_and_goes_into_the_best(tmp_path):
    base = load_config(
        (),
        ["recipes.hot.terms=[labels, topk]", "recipes.hot.interaction=mul", "sam.units=48"],
        {"recipe": "hot", "teacher": "qanet", "data_dir": "/data"},
    )
    values = {"sam.interaction": "add", "distill.temperature": 3.0}
    assert trial_config(base, values).recipe == full_config(base, values).recipe == "hot"
    plan = Plan(base, None, "grid", (tmp_path,), tmp_path, {})
    row = {"values": {"distill.temperature": 3.0}, "trial": 1, "objective": 50.0}
    (tmp_path / "best.yaml").write_text(best_yaml(row, plan))
    assert load_config([tmp_path / "best.yaml"]) == full_config(base, row["values"])
