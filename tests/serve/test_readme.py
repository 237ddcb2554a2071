"""README's document that is read once and asked three times, word for word."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import holle_tf

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
DOCUMENT = "The film cost $2.8 million. The ending is sad."
QUESTIONS = ["What did it cost?", "How does it end?", "Is it long?"]


@pytest.fixture(scope="module")
def export(untrained_run):
    """Folder of an ONNX export."""
    from holle_tf.config import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export

    folder = untrained_run("sam").path / "readme" / "onnx"
    write_export(student_of(untrained_run("sam")), "onnx", folder, ExportConfig())
    return folder


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_service_reads_a_document_once_and_answers_three_times(serving, export):
    from holle_tf.serve.onnx_backend import OnnxBackend

    (commands,) = re.findall(r"```sh\n(.*?)```", README, re.S)
    assert all(question in commands for question in QUESTIONS)
    with serving({"sam": OnnxBackend(export)}) as client:
        commands = commands.replace("http://127.0.0.1:8501", client.address)
        done = subprocess.run(["sh", "-c", commands], capture_output=True, text=True, timeout=60, check=True)
    decoder, replies, text = json.JSONDecoder(), [], done.stdout
    while text:
        reply, end = decoder.raw_decode(text)
        replies, text = [*replies, reply], text[end:].lstrip()
    assert [reply["known"] for reply in replies] == [False, True, True]
    assert all(reply["n_best"][0]["text"] in DOCUMENT for reply in replies)


def test_the_python_reads_a_document_once_and_answers_three_times(export, capsys):
    (block,) = re.findall(r'^    student = holle_tf.load\("student/onnx"\)\n(?:    .*\n)+', README, re.M) or [
        ""
    ]
    code = re.sub("^    ", "", block, flags=re.M).replace("student/onnx", str(export))
    exec(compile(code, "README.md", "exec"), {"holle_tf": holle_tf, "document": DOCUMENT})
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and all(text in DOCUMENT for text in said)
