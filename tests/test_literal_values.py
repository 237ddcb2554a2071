"""What users write is taken as it stands: no interpolation, no dates, no truth values in place of a text."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from holle_tf.config import to_yaml
from holle_tf.config_sources import load_config, with_values
from pipelines.errors import UserError

TEXTS = ["/data/price${usd}", "${oc.env:HOME}", "${", "a$b", "???", "\\${x}", "it's ${a: b} #1", "x\ny"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_path_is_taken_as_it_stands(tmp_path, text):
    config = load_config(flags={"data_dir": text, "glove": text})
    assert (config.data_dir, config.glove) == (text, text)
    assert with_values(config, {"glove": text + "x", "seed": 3}, "test").glove == text + "x"
    assert with_values(config, {"seed": 3}, "test").data_dir == text
    assert pickle.loads(pickle.dumps(config)) == config
    file = tmp_path / "config.yaml"
    file.write_text(to_yaml(config), encoding="utf-8")
    assert load_config([file]) == config


@pytest.mark.parametrize(
    "text", ["2024-05-01", "no", "off", "1.10", "007", "1e3", "true", "0x10", "???", "${USER}"]
)
def test_yaml_and_assignments_keep_the_text_of_a_path(tmp_path, text):
    file = tmp_path / "c.yaml"
    file.write_text(f"data_dir: {text}\nboard: {{enabled: no}}\nseed: 0x10\ndistill: {{temperature: 1e-1}}\n")
    config = load_config([file], [f"glove={text}"])
    assert (config.data_dir, config.glove) == (text, text)
    assert (config.board.enabled, config.seed) == (False, 16)


def test_an_environment_variable_is_not_read(monkeypatch):
    monkeypatch.setenv("HOLLE_SECRET", "secret")
    assert load_config([], ["glove=${oc.env:HOLLE_SECRET}"]).glove == "${oc.env:HOLLE_SECRET}"


def test_a_tilde_is_the_home_folder_in_paths_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    file = tmp_path / "c.yaml"
    file.write_text("data_dir: ~/holle\nruns_dir: ~\nrecipe: ~x\n")
    config = load_config([file], ["distill.pool=~/pool.json"], {"glove": "~/glove.txt"})
    assert (config.data_dir, config.runs_dir) == ("/home/someone/holle", "/home/someone")
    assert (config.distill.pool, config.glove) == ("/home/someone/pool.json", "/home/someone/glove.txt")
    assert config.recipe == "~x"


@pytest.mark.parametrize(
    "content, said",
    [
        ("1: x", "the key 1 is not a name"),
        ("null: x", "the key null is not a name"),
        ("sam: {2: 3}", "the key 2 is not a name"),
        ("2024-05-01: x", "there is no option '2024-05-01'"),
        ("sam: &a {units: *a}", "nested too deeply"),
        ("a: &a [1, *a]", "nested too deeply"),
        ("[" * 5000, "not a valid YAML file"),
        ("seed: 0b", "seed"),
        ("seed:", "seed"),
        ("plugins: no", "write [no]"),
        ("7", "found a int"),
        (
            "sam: {units: 8}\nseed: 1\nsam: {dropout: 0}",
            "line 3: not a valid YAML file (the key 'sam' is given twice)",
        ),
        (
            "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 0}]" for n in range(9)),
            "too many values",
        ),
    ],
)
def test_strange_yaml_is_one_line(tmp_path, content, said):
    file = tmp_path / "strange.yaml"
    file.write_text(content)
    with pytest.raises(UserError) as caught:
        load_config([file])
    assert "strange.yaml" in str(caught.value) and said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_of_a_merged_object_can_be_given_again(tmp_path):
    file = tmp_path / "merged.yaml"
    file.write_text("sam: &a {units: 8, dropout: 0.5}\nsam_match: {<<: *a, units: 9}\n")
    assert load_config([file]).options_of("sam_match").units == 9


@pytest.mark.parametrize("seed", [2**32, 10**20, -1])
def test_a_seed_that_numpy_does_not_take_is_refused(seed):
    with pytest.raises(UserError, match=f"seed={seed}: has to be (at most 4294967295|zero or more)"):
        load_config(flags={"seed": seed})
    assert load_config(flags={"seed": 2**32 - 1}).seed == 2**32 - 1


def test_a_copy_with_other_values_stays_literal():
    config = replace(load_config(), runs_dir=str(Path("a") / "${b}"))
    assert with_values(config, {"seed": 1}, "test").runs_dir == "a/${b}"
