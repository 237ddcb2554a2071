"""Configurations of any content: one line of error, or a configuration that YAML gives back unchanged."""

import os

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from holle_tf.config import is_text, known_keys, to_yaml
from holle_tf.config_sources import PRESETS, load_config
from pipelines.errors import UserError
from tests.robustness.damage import JSON, ODD, damaged_bytes
from tests.robustness.fuzzing import REFUSED, answer_of, examples

# Plugins are code, which a configuration is trusted to name.
KEYS = sorted(key for key in known_keys() if not key.startswith("plugins"))
PATHS = ("data_dir", "glove", "runs_dir", "distill.pool", "tuning.space")
VALUES = st.sampled_from(ODD) | JSON


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("configurations") / "some.yaml"


def value_of(config, key):
    for name in key.split("."):
        config = getattr(config, name)
    return config


def check(file, load):
    """A configuration that is not refused is the same after it was written and read."""
    config = answer_of(load)
    if config is not REFUSED:
        file.write_text(to_yaml(config), encoding="utf-8")
        assert to_yaml(load_config([file])) == to_yaml(config)
    return config


def nested(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


@examples(40)
@given(key=st.sampled_from(KEYS), value=VALUES)
def test_any_value_of_an_option_in_a_file_is_refused_or_kept(file, key, value):
    try:
        text = yaml.safe_dump(nested(key, value), allow_unicode=True)
        text.encode("utf-8")
    except (yaml.YAMLError, UnicodeError):
        return  # half of a surrogate pair
    file.write_text(text, encoding="utf-8")
    check(file, lambda: load_config([file]))


@examples(30)
@given(key=st.sampled_from(KEYS), text=st.sampled_from([str(value) for value in ODD]) | st.text(max_size=30))
def test_any_assignment_is_refused_or_kept(file, key, text):
    check(file, lambda: load_config([], [f"{key}={text}"]))


@pytest.mark.parametrize(
    "assignment", ["data_dir=a\x85b", 'data_dir="a\\Nb"', 'serve.allowed_hosts=["a\\Nb"]']
)
def test_a_character_that_yaml_does_not_keep_is_refused(assignment):
    with pytest.raises(UserError, match=f"{assignment.partition('=')[0]}: has the character U.0085"):
        load_config([], [assignment])


def test_a_line_break_in_an_assignment_is_kept(file):
    config = check(file, lambda: load_config([], ["data_dir=a\nb"]))
    assert config.data_dir == "a\nb"


@examples(20)
@given(
    key=st.sampled_from(PATHS),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
)
def test_any_text_of_a_path_is_kept_as_it_stands(file, key, text):
    config = check(file, lambda: load_config(flags={key: text}))
    assert config is REFUSED or value_of(config, key) == os.path.expanduser(text)


@examples(20)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read(file, data):
    preset = data.draw(st.sampled_from(sorted(PRESETS.glob("*.yaml"))))
    file.write_bytes(data.draw(damaged_bytes(preset.read_bytes())))
    if b"plugin" not in file.read_bytes():
        answer_of(lambda: load_config([file]))


@pytest.mark.parametrize(
    "text",
    [
        f"training.sam.learning_rate={10**400}",
        "report.tuned_rates=[[]]",
        "report.only=[[a]]",
        "plugins=[[a]]",
        "sam.units=" + "1" * 5000,
        "recipes.mine.terms=[{a: 1}]",
    ],
)
def test_values_that_no_option_has_are_refused(text):
    assert answer_of(lambda: load_config([], [text])) is REFUSED


def test_texts_are_kept(file):
    assert is_text("data_dir")
    assert check(file, lambda: load_config(flags={"data_dir": "a ${b} ???"})).data_dir == "a ${b} ???"
