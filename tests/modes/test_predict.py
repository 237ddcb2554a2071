"""``--mode=predict``: queries that are asked for."""

import json

import pytest

from holle_tf.modes.predict import predict_mode
from pipelines.errors import UserError


def test_asking_interactively_answers_each_query(tiny, student_run, monkeypatch, capsys):
    said = iter(["What happens?", "And then?", ""])
    monkeypatch.setattr("rich.console.Console.input", lambda self, *args, **kwargs: next(said))
    predict_mode(tiny(), str(student_run.path))
    printed = capsys.readouterr().out
    assert "What happens?" in printed and "And then?" in printed


def test_a_run_decodes_as_it_was_trained(tiny, student_run):
    with pytest.raises(UserError, match="max_span=10: .* at most 64 words"):
        predict_mode(tiny("evaluation.max_span=10"), str(student_run.path))


def test_many_chats_are_answered_as_each_alone(tiny, student_run, tmp_path, capsys):
    chats = []
    for i in range(9):
        document = "A film about a dog. " * (1 + i % 4) + f"It cost {i} dollars."
        chats.append(
            {"example_id": f"c{i}", "document": document, "chat": ["Hi", "Hello", "What did it cost?"]}
        )
    source, output = tmp_path / "chats.jsonl", tmp_path / "answers.jsonl"
    source.write_text("\n".join([*map(json.dumps, chats), "{broken"]))
    predict_mode(tiny(), str(student_run.path), str(source), str(output))
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["chats"], said["faults"]) == (10, 1)
    *answers, fault = map(json.loads, output.read_text().splitlines())
    assert "error" in fault and [answer["example_id"] for answer in answers] == [f"c{i}" for i in range(9)]
    for chat, answer in zip(chats, answers):
        single = tmp_path / "chat.json"
        single.write_text(json.dumps(chat))
        predict_mode(tiny(), str(student_run.path), str(single))
        alone = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert alone["prediction"] == answer["prediction"]
        assert alone["n_best"][0]["score"] == pytest.approx(answer["n_best"][0]["score"], rel=1e-4)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"output": "a.jsonl"}, "name a file, a folder or -"),
        ({"input": "chats.jsonl"}, "by --output=FILE.jsonl"),
        ({"input": "chat.json", "strict": True}, "by --output=FILE.jsonl"),
    ],
)
def test_flags_for_many_chats_come_together(tiny, student_run, flags, said):
    with pytest.raises(UserError, match=said):
        predict_mode(tiny(), str(student_run.path), **flags)
