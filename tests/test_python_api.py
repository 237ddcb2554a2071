"""The functions of ``import holle_tf``, and the Python of docs/python.md and README word for word."""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import holle_tf
from holle_tf.config_sources import load_config
from pipelines.example_from_texts import unanswered

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
PYTHON = re.compile(r"```python\n(.*?)```", re.S)

DOCUMENT = "The film — a “gem” 😀 — cost $2.8 million. I DON'T love the ending."
CHAT = ["Have you seen it?", "Twice!", "What did it cost?"]


def in_a_process(code, *arguments):
    """What a new process prints that runs ``code`` in the repository."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def student(tiny):
    """A run of a tiny student on its labels."""
    return holle_tf.train(tiny(seed=50))


@pytest.fixture(scope="module")
def predictor(student):
    return holle_tf.load(student)


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, holle_tf; holle_tf.UserError; print(*sys.modules)"
    loaded = set(in_a_process(code).split())
    assert "pipelines.errors" in loaded and not loaded & {"numpy", "tensorflow", "yaml", "omegaconf"}


@pytest.mark.parametrize("name", holle_tf.__all__)
def test_a_public_name_is_there(name):
    assert callable(getattr(holle_tf, name))


def test_type_checkers_see_the_public_names():
    tree = ast.parse((ROOT / "holle_tf" / "__init__.py").read_text(encoding="utf-8"))
    conditions = (node for node in tree.body if isinstance(node, ast.If))
    (block,) = (node for node in conditions if ast.unparse(node.test) == "TYPE_CHECKING")
    assert {alias.asname for line in block.body for alias in line.names} == set(holle_tf.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        holle_tf.lode  # noqa: B018


def test_a_configuration_is_that_of_the_command_line():
    from holle_tf.config_sources import preset

    own = holle_tf.load_config("smoke", {"training.sam.learning_rate": 1e-07}, teacher="qanet", setup="ld")
    files = [preset("demo"), preset("smoke")]
    texts = ["training.sam.learning_rate=1e-7"]
    assert own == load_config(files, texts, {"teacher": "qanet", "data.setup": "ld"})
    assert own == holle_tf.load_config(["smoke"], texts, teacher="qanet", data={"setup": "ld"}, seed=None)


def test_the_models_of_the_demo_are_for_the_demo_corpus_alone(tmp_path):
    own = holle_tf.load_config(data_dir=tmp_path, glove="none")
    assert own.options_of("qanet") == load_config().options_of("qanet")
    assert own.options_of("qanet") != holle_tf.load_config().options_of("qanet")


def test_a_wrong_option_of_a_configuration_is_named():
    for wrong in ({"assignments": {"sam.unitz": 3}}, {"sam": {"unitz": 3}}):
        with pytest.raises(holle_tf.UserError, match="sam.units"):
            holle_tf.load_config(**wrong)


def test_a_prediction_is_that_of_the_run(student, predictor):
    from holle_tf.runs.prediction import ChatPredictor

    found = predictor.predict(DOCUMENT, CHAT)
    chat = unanswered(DOCUMENT, CHAT[2], CHAT[0], CHAT[1])
    expected = ChatPredictor(student).spans(chat)
    assert [(span.start_char, span.end_char) for span in found.n_best] == [span[:2] for span in expected]
    assert [span.score for span in found.n_best] == pytest.approx([span.score for span in expected])
    assert all(span.text == DOCUMENT[span.start_char : span.end_char] for span in found.n_best)
    assert (found.text, found.start_char, found.end_char, found.score) == found.n_best[0]


def test_a_query_alone_is_a_chat(predictor):
    assert predictor.predict(DOCUMENT, "What did it cost?") == predictor.predict(DOCUMENT, CHAT[2:])
    assert predictor.predict(DOCUMENT, CHAT).score != predictor.predict(DOCUMENT, CHAT[2:]).score


def test_a_batch_gives_each_prediction_in_its_place(predictor):
    pairs = [(DOCUMENT, CHAT), ("A film.", "good?"), ("It ends. " * 30, "how?"), (DOCUMENT, "ending")]
    together = predictor.predict_batch(iter(pairs), batch_size=3)
    alone = [predictor.predict(document, chat) for document, chat in pairs]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    scores = [answer.score for answer in alone]
    assert [answer.score for answer in together] == pytest.approx(scores, abs=1e-5)
    assert predictor.predict_batch([]) == []


@pytest.mark.parametrize(
    ("document", "chat", "said"),
    [
        ("", "what?", "empty"),
        ("A film.", " ", "empty"),
        ("A film.", [], "empty"),
        ("A film.", [3], "a list of strings"),
    ],
)
def test_a_chat_that_cannot_be_predicted_is_a_user_error(predictor, document, chat, said):
    with pytest.raises(holle_tf.UserError, match=said):
        predictor.predict(document, chat)


def test_an_onnx_export_predicts_as_its_run_without_tensorflow(student, predictor, tmp_path):
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export

    write_export(student_of(student), "onnx", tmp_path, ExportConfig())
    code = """
import json, sys, holle_tf
from dataclasses import asdict
document, chat = json.loads(sys.argv[2])
found = holle_tf.load(sys.argv[1]).predict_batch([(document, chat), ("A film.", "good?")])
print(json.dumps([asdict(prediction) for prediction in found]))
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    found = json.loads(in_a_process(code, tmp_path, json.dumps([DOCUMENT, CHAT])))
    expected = predictor.predict_batch([(DOCUMENT, CHAT), ("A film.", "good?")])
    for exported, prediction in zip(found, expected):
        assert (exported["text"], exported["start_char"]) == (prediction.text, prediction.start_char)
        assert exported["score"] == pytest.approx(prediction.score, abs=1e-4)


def test_a_folder_that_cannot_be_loaded_is_a_user_error(tmp_path):
    with pytest.raises(holle_tf.UserError, match="no run .* and no ONNX export"):
        holle_tf.load(tmp_path)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").touch()
    with pytest.raises(holle_tf.UserError, match="a SavedModel.*--format=onnx"):
        holle_tf.load(str(tmp_path))


def test_training_finds_its_run_again_and_prints_nothing(tiny, student, capsys):
    before = student.weights.stat().st_mtime_ns
    again = holle_tf.train(tiny(seed=50))
    assert again.path == student.path and student.weights.stat().st_mtime_ns == before
    assert holle_tf.prepare(tiny()).folder.name == student.path.parent.name
    assert capsys.readouterr().out == ""


def test_a_student_is_distilled_from_the_run_of_a_teacher(tiny, trained, tmp_path):
    config, teacher = tiny("distill.compare_alone=false", seed=51), trained("qanet")
    student = holle_tf.distill(config, teacher_runs=[teacher.path], run_dir=tmp_path / "mine")
    assert student.path == tmp_path / "mine"
    assert (student.result()["recipe"], student.result()["teacher"]) == ("add", "qanet")
    with pytest.raises(holle_tf.UserError, match="needs --teacher="):
        holle_tf.distill(config)
    with pytest.raises(holle_tf.UserError, match="needs a teacher"):
        holle_tf.train(replace(config, recipe="add_topk"))


def test_scores_are_those_of_a_split_found_from_any_folder(student, tmp_path, monkeypatch):
    from holle_tf.evaluate.predictions import read_predictions

    monkeypatch.chdir(tmp_path)
    scores = holle_tf.evaluate(student.path, split="dev")
    spans = read_predictions(student.path / "predictions.dev.jsonl")
    assert len(spans) == 10
    assert scores["f1"] == pytest.approx(sum(span.f1 for span in spans) / len(spans))
    assert student.result()["scores"]["dev"] == scores
    assert not list(tmp_path.iterdir())  # the data were found beside the run
    with pytest.raises(holle_tf.UserError, match="train, dev, test"):
        holle_tf.evaluate(student, split="tests")


def test_several_hosts_are_for_the_command_line(tiny, monkeypatch):
    cluster = {"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    with pytest.raises(holle_tf.UserError, match="command line"):
        holle_tf.train(tiny(seed=52))


def test_the_page_runs_word_for_word(tmp_path, monkeypatch, capsys):
    """Blocks of Python in one process, and the commands between them."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for python, command in re.findall(r"```python\n(.*?)```|^    holle-tf (.*?)$", PAGE, re.S | re.M):
        if python:
            exec(compile(python, "docs/python.md", "exec"), names)
            continue
        subprocess.run(
            [sys.executable, "-m", "holle_tf.main", *command.split()],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True, timeout=300,
        )  # fmt: skip
    said = capsys.readouterr().out
    assert names["run"].result()["teacher"] == "qanet" and names["answer"].text in names["document"]
    assert "did you mean 'training.sam.epochs'" in said and len(said.splitlines()) == 6
    assert holle_tf.distill(names["config"]).path == names["run"].path


def test_the_python_of_readme_is_that_of_the_page():
    (ours,) = re.findall(
        r"<!-- README: from here -->\n```python\n(.*?)```\n<!-- README: to here -->", PAGE, re.S
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert PYTHON.findall(readme) in ([], [ours])
