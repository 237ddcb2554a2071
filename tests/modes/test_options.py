"""``--mode=options``."""

from holle_tf.config import known_keys
from holle_tf.config_sources import load_config
from holle_tf.modes.options import options_mode
from pipelines.option import options_of, text_of


def test_every_option_is_listed_with_its_value_and_meaning(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    options_mode(load_config((), ["sam.units=48"]))
    lines = capsys.readouterr().out.splitlines()
    shown = {line.split()[0]: line for line in lines if line.strip()}
    assert {key for key in known_keys() if not key.startswith("recipes")} <= set(shown)
    assert shown["sam.units"].split()[1:4] == ["48", ">", "0"]
    assert "add | mul" in shown["sam.interaction"]


def test_every_option_says_what_it_is():
    assert [key for key, described, _ in options_of(load_config()) if not text_of(described)] == ["recipes"]
