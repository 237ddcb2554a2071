import json

import pytest

from holle_tf.config_sources import load_config
from pipelines.errors import UserError
from tuning.space import SPACES, read_space


def read(path, model="sam", distilling=False, *assignments):
    return read_space(load_config((), [f"tuning.space={path}", *assignments], {"model": model}), distilling)


@pytest.mark.parametrize("model", ["sam", "sam_match", "bidaf", "qanet"])
@pytest.mark.parametrize("name", sorted(path.stem for path in SPACES.glob("*.yaml")))
def test_every_space_that_ships_is_valid_for_every_model(name, model):
    assert read(name, model).parameters


def test_the_papers_grid_is_that_of_its_section_five():
    space = read("paper_grid")
    assert space.size == 18
    assert {parameter.key: set(parameter.values) for parameter in space.parameters} == {
        "training.sam.batch_size": {32, 64},
        "sam.units": {64, 100, 128},
        "sam.layers": {1, 2, 3},
    }


def test_terms_of_teachers_are_searched_only_beside_one():
    keys = {parameter.key for parameter in read("wide").parameters}
    assert "sam.dropout" in keys and "distill.temperature" not in keys
    keys = {parameter.key for parameter in read("wide", distilling=True).parameters}
    assert "distill.temperature" in keys


def test_ranges_become_numbers_of_their_options_type(space_file):
    path = space_file(
        {
            "sam.layers": {"min": 1, "max": 3},
            "training.sam.learning_rate": {"min": "1e-4", "max": 1e-2, "sampling": "log"},
            "sam.dropout": {"min": 0, "max": 0.5, "step": 0.25},
        }
    )
    layers, rate, dropout = read(path).parameters
    assert layers.listed == (1, 2, 3)
    assert rate.listed == () and (rate.low, rate.high) == (1e-4, 1e-2)
    assert dropout.listed == (0.0, 0.25, 0.5)
    assert read(path).size is None
    hp = read(path).declared()
    assert isinstance(hp.get("sam.layers"), int) and isinstance(hp.get("sam.dropout"), float)


def test_a_search_is_known_again_by_its_description_in_a_file():
    described = read("wide").describe()
    assert json.loads(json.dumps(described)) == described


def test_the_values_of_a_trial_are_those_of_the_configuration(space_file):
    path = space_file({"sam.dropout": {"min": 0.0, "max": 0.5}, "qanet.segments": [True, False]})
    sent = {"sam.dropout": 0.123456789, "qanet.segments": 1, "tuner/epochs": 3}
    assert read(path).values(sent) == {"sam.dropout": 0.123457, "qanet.segments": True}
    assert read(path).values(sent)["qanet.segments"] is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"sam.unitz": [1]}, "'sam.units'"),
        ({"sam.units": ["many"]}, "its type, int"),
        ({"sam.units": [8.5]}, "its type, int"),
        ({"sam.units": [0]}, "positive"),
        ({"sam.units": []}, "empty"),
        ({"sam.units": [8, 8]}, "twice"),
        ({"sam.units": 8}, "a list of values"),
        ({"sam.units": {"min": 8}}, "max"),
        ({"sam.units": {"min": 8, "max": 16, "stepp": 1}}, "'stepp'"),
        ({"sam.units": {"min": 16, "max": 8}}, "below"),
        ({"sam.dropout": {"min": 0, "max": 1, "sampling": "log"}}, "positive min"),
        ({"sam.interaction": {"min": 1, "max": 2}}, "give a list"),
        ({"sam.interaction": ["plus"]}, "add, mul"),
        ({"data_dir": ["a"]}, "cannot be searched"),
        ({"tuning.max_trials": [1]}, "cannot be searched"),
        ({"sam": [1]}, "expected keys"),
        ({"qanet": {"qanet.units": [16]}}, "nothing here for the model sam"),
        ("- 1", "expected keys"),
        ("a: [", "not a valid YAML"),
    ],
)
def test_a_wrong_space_is_one_line_that_names_file_and_remedy(space_file, content, said):
    with pytest.raises(UserError) as caught:
        read(space_file(content))
    assert said in str(caught.value) and "own.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_names_the_nearest_and_a_missing_file_is_named():
    with pytest.raises(UserError, match="'quick'"):
        read("quik")
    with pytest.raises(UserError, match="nowhere.yaml"):
        read("nowhere.yaml")
