import json

import tensorflow as tf

from holle_tf.catalogue import MODELS
from holle_tf.drawing.terminal_table import print_table
from holle_tf.modes import benchmark as mode
from holle_tf.training import benchmark


def test_every_model_is_measured_on_every_setup_and_trained_on_the_first(tiny, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "MODELS", {name: MODELS[name] for name in ("sam", "qanet")})
    monkeypatch.setattr(benchmark, "in_child_process", lambda function, *arguments: function(*arguments))
    monkeypatch.setattr(benchmark, "STEPS", 2)
    try:
        monkeypatch.setattr(mode, "SETUPS", ["sd", "oracle"])
        mode.benchmark_mode(tiny())
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    printed = capsys.readouterr().out
    report = json.loads(printed.splitlines()[-1])
    assert list(report["inference"]) == ["sd", "oracle"]
    for setup in report["inference"].values():
        assert list(setup) == ["sam", "qanet"]
        assert all(row["seconds"] > 0 and row["examples"] == 12 for row in setup.values())
    assert report["training"]["qanet"]["parameters"] > 1000
    assert all(row["seconds_per_epoch"] > 0 for row in report["training"].values())
    assert "2213" in printed  # the paper's


def test_ratios_are_to_sam_and_those_of_the_paper_stand_beside(capsys):
    rows = {"sam": 2.0, "bidaf": 30.0, "qanet": 5.0}
    found = {model: {"seconds": seconds, "memory_mb": 100.0} for model, seconds in rows.items()}
    print_table(benchmark.inference_table({"sd": found}))
    line = next(line for line in capsys.readouterr().out.splitlines() if "bidaf" in line)
    assert line.split() == ["sd", "bidaf", "100.0", "1.0", "30.0", "15.0", "11000", "20.4", "347", "11.6"]
