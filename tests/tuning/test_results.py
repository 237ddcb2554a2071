import pytest

from holle_tf.config_sources import load_config
from tuning.picture import plot_trials
from tuning.results import mark_fronts
from tuning.space import read_space
from tuning.text import markdown, short_names


def row(f1, parameters, seconds, status="COMPLETED", trial=1, **values):
    scores = {"val_f1": f1, "val_em": f1 / 2, "val_loss": 1.0, "objective": f1}
    costs = {"parameters": parameters, "seconds": seconds}
    return {"trial": trial, "status": status, "values": values, "error": "why", **scores, **costs}


def test_a_trial_is_on_a_front_unless_another_is_as_good_and_as_cheap_and_one_of_both_better():
    rows = [row(50, 300, 10), row(45, 100, 20), row(45, 100, 30), row(40, 200, 5), row(40, 100, 40)]
    mark_fronts(rows)
    assert [trial["front"] for trial in rows] == [
        ["parameters", "seconds"],  # the best
        ["parameters"],
        ["parameters"],  # as good and as small as the row before
        ["seconds"],
        [],
    ]


def test_a_failed_trial_is_on_no_front_and_bars_none_from_it():
    rows = [row(90, 1, 1, status="FAILED"), row(50, 300, 10)]
    mark_fronts(rows)
    assert "front" not in rows[0] and rows[1]["front"] == ["parameters", "seconds"]


def test_the_markdown_has_a_column_for_each_key_and_says_what_failed():
    rows = [row(50, 1234, 10, **{"sam.units": 8}), row(0, 0, 0, status="FAILED", trial=2, **{"sam.units": 9})]
    mark_fronts(rows)
    lines = markdown(rows, ["sam.units"]).splitlines()
    assert lines[2] == "| 1 | 8 | 50.00 | 25.00 | 1.000 | 1,234 | 10 | parameters, seconds |"
    assert lines[3].startswith("| 2 | 9 | failed |")
    assert len({line.count("|") for line in lines}) == 1


def test_keys_of_one_last_part_keep_their_whole_names():
    assert short_names(["sam.units", "qanet.units", "sam.layers"]) == {
        "sam.units": "sam.units",
        "qanet.units": "qanet.units",
        "sam.layers": "layers",
    }


@pytest.mark.parametrize("scores", [[50.0], [50.0, 50.0], [50.0, 40.0, 30.0]])
def test_the_picture_takes_one_trial_ties_and_a_trial_without_a_value(tmp_path, space_file, scores):
    space = {"sam.units": [8, 16], "sam.dropout": {"min": 0.0, "max": 0.5}, "sam.interaction": ["add", "mul"]}
    values = {"sam.units": 16, "sam.dropout": 0.25, "sam.interaction": "mul"}
    rows = [{"values": values, "objective": score} for score in scores]
    rows[-1] = {"values": {"sam.units": 8}, "objective": scores[-1]}
    read = read_space(load_config((), [f"tuning.space={space_file(space)}"]), False)
    plot_trials(rows, read, "val_f1", tmp_path / "trials.png")
    assert (tmp_path / "trials.png").read_bytes().startswith(b"\x89PNG")
