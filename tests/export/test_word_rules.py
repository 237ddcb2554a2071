"""The words of a student in every format: those of the rules that it was trained with."""

import json
import re
from dataclasses import replace

import pytest
import tensorflow as tf

from holle_tf.export.client_files import write_client_files
from holle_tf.export.savedmodel import export_savedmodel
from holle_tf.options.export import ExportConfig
from pipelines.options import LATIN, RULES, UNICODE
from pipelines.tokenizer import token_texts, tokenize

TEXTS = [
    "The café isn't U.S. 2.8 cafe\u0301s; ",
    "यह फिल्म एक नाविक की कहानी है।",
    "கதை مِنْ می\u200cخواهم שָׁלוֹם",
    "成本是400万。スター・ウォーズは",
    "น้ำหนัก ๒.๕ ภាសាខ្មែរ ကျေးဇူး",
]


@pytest.fixture(params=RULES)
def student(request, make_student):
    student = make_student()
    return replace(student, limits=replace(student.limits, rules=request.param))


def test_the_pattern_for_clients_finds_the_words(student, tmp_path):
    write_client_files(student, tmp_path)
    pattern = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))["pattern"]
    for text in TEXTS:
        assert re.findall(pattern, text) == token_texts(text, student.limits.rules)


def test_the_graph_finds_the_words(student, tmp_path):
    export_savedmodel(student, tmp_path, ExportConfig(document_states="none"))
    explain = tf.saved_model.load(str(tmp_path / "1")).signatures["explain"]
    empty = tf.constant([""] * len(TEXTS))
    found = explain(document=tf.constant(TEXTS), query=empty, prober_history=empty, responder_history=empty)
    for row, text in enumerate(TEXTS):
        count = int(found["token_count"][row])
        starts, ends = (found[f"token_{edge}"][row, :count].numpy() for edge in ("starts", "ends"))
        words = [text[start:end] for start, end in zip(starts, ends)]
        assert words == [token.text for token in tokenize(text, student.limits.rules)]


def test_older_students_keep_the_older_rules(make_student):
    assert make_student().limits.rules == LATIN != UNICODE
