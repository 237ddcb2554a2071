import dataclasses

import pytest

from holle_tf.catalogue import MODELS
from holle_tf.config import Config, known_keys, to_yaml
from holle_tf.config_sources import config_file, load_config, preset
from pipelines.errors import UserError


def test_later_sources_win(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("seed: 3\nsam: {units: 32}\n")
    config = load_config([file], ["sam.units=16", "data.setup=ld"], {"seed": 9})
    assert (config.seed, config.sam.units, config.data.setup) == (9, 16, "ld")
    assert config.bidaf == Config().bidaf
    second = tmp_path / "d.yaml"
    second.write_text("seed: 4\n")
    config = load_config([file, second])
    assert (config.seed, config.sam.units) == (4, 32)


def test_options_of_a_recipe_have_the_types_of_those_whose_place_they_take():
    config = load_config([], ["recipes.x={terms: [topk], options: {temperature: 3, top_k: 5}}"])
    options = config.recipes["x"].options
    assert options == {"temperature": 3.0, "top_k": 5}
    assert isinstance(options["temperature"], float) and config.distill.temperature == 1


def test_an_option_that_the_recipe_has_its_own_of_is_set_there():
    own = "recipes.x={terms: [topk], options: {temperature: 3}}"
    assert load_config([], [own, "distill.temperature=2", "distill.top_k=4"]).distill.temperature == 2
    with pytest.raises(UserError, match="use --set recipes.x.options.temperature"):
        load_config([], [own, "distill.temperature=2"], {"recipe": "x"})


def test_a_configuration_is_a_file_or_the_name_of_a_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert config_file("smoke") == preset("smoke")
    (tmp_path / "smoke").write_text("seed: 3\n")
    assert str(config_file("smoke")) == "smoke"
    assert str(config_file("nowhere/there.yaml")) == "nowhere/there.yaml"
    with pytest.raises(UserError, match="no preset is called 'smok'; presets are: cpu, demo, smoke"):
        config_file("smok")


def test_a_resolved_configuration_reads_back_to_the_same_value(tmp_path):
    config = load_config((), ["training.qanet.learning_rate=0.002", "recipe=mul", "glove=none"])
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(config))
    assert load_config([file]) == config


def test_a_configuration_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_config().seed = 1


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("sam.unitz=3", "did you mean 'sam.units'"),
        ("training.sam.epoch=3", "did you mean 'training.sam.epochs'"),
        ("training.sam=3", "training.sam"),
        ("sam.units=many", "many"),
        ("sam.units=0", "positive"),
        ("sam.cell=rnn", "gru, lstm"),
        ("data.setup=short", "sd"),
        ("seed", "key=value"),
        ("recipes={x: {terms: {labels: 0.5}}}", "options (weights and the like)"),
        ("recipes={x: {terms: [teacher], options: {temperatur: 2}}}", "'distill.temperature'"),
        (
            "recipes={x: {terms: [teacher], options: {temperature: hot}}}",
            "recipes.x.options: distill.temperature: Value 'hot'",
        ),
        ("recipes={x: {terms: [teacher], options: {temperature: 0}}}", "recipes.x.options: distill.temp"),
        ("report.only=[*/mul_train]", "put quotes around a value that begins with a star"),
        ("recipe={x: {terms: [labels]}}", "go under 'recipes'"),
        ("distill.gradient_share=1.5", "at most 1"),
        ("data.window_words=0", "positive"),
        ("training.sam.patience=0", "positive"),
        ("training.sam.l2=-1", "zero or more"),
        ("qanet.heads=3", "multiple"),
        ("qanet.char_dropout=1", "below 1"),
        ("bidaf.char_filters=0", "positive"),
    ],
)
def test_a_wrong_assignment_is_one_line_that_helps(assignment, said):
    with pytest.raises(UserError) as caught:
        load_config((), [assignment])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["a: [", "- 1", "sam: {unitz: 3}", "sam: 3"])
def test_a_wrong_file_is_named(tmp_path, content):
    file = tmp_path / "wrong.yaml"
    file.write_text(content)
    with pytest.raises(UserError, match="wrong.yaml"):
        load_config([file])
    with pytest.raises(UserError, match="missing.yaml"):
        load_config([tmp_path / "missing.yaml"])


def test_presets_set_known_keys_only_and_an_unknown_preset_is_an_error():
    for name in ("demo", "smoke", "cpu"):
        assert load_config([preset(name)]) != Config()
    with pytest.raises(UserError, match="demo"):
        preset("dmeo")


def test_known_keys_are_the_leaves():
    assert {"seed", "sam.units", "training.qanet.ema_decay", "data.setup"} <= set(known_keys())
    assert "training.qanet" not in known_keys()


def test_the_flag_of_the_interaction_is_an_option_of_the_student_that_is_trained():
    assert load_config(flags={"model": "qanet", "student.interaction": "mul"}).sam.interaction == "mul"
    with pytest.raises(UserError, match="there is no option 'sam.interactions'"):
        load_config(flags={"student.interactions": "mul"})


def test_consecutive_seeds_end_before_the_largest_possible_one_or_are_refused():
    config = Config(seed=2**32 - 2)
    assert list(config.seeds(2)) == [2**32 - 2, 2**32 - 1]
    with pytest.raises(UserError, match="3 consecutive seeds are needed.*; give a smaller --seed"):
        config.seeds(3)


@pytest.mark.parametrize("name", ["data", "training", "student"])
def test_a_model_cannot_take_the_name_of_an_option(name, monkeypatch):
    monkeypatch.setitem(MODELS, name, dataclasses.replace(MODELS["sam"], name=name))
    with pytest.raises(UserError, match=f"model '{name}': the configuration has an option of that name"):
        load_config()
