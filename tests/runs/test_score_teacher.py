"""A file of scores in the place of a run: what it covers, and what it says where it does not fit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from holle_tf.distill.score_format import EdgeScores, Header, ScoreLine, write_score_file
from holle_tf.distill.teacher_cache import UNKNOWN, read_teacher_cache
from holle_tf.runs.score_evaluation import evaluate_score_file
from holle_tf.runs.score_teacher import ScoreTeacher
from pipelines.digests import text_sha256
from pipelines.errors import UserError
from pipelines.records import read_examples


def sure(offset):
    return EdgeScores(np.array([offset]), np.array([0.0]))


def lines_of(examples, split="", right=lambda number: True):
    """Lines that are sure of the answer, or of the first character."""
    for number, example in enumerate(examples):
        start, end = example.answer_start, example.answer_end
        if not right(number):
            start, end = 0, 1
        sha = text_sha256(example.document)
        yield ScoreLine(example.example_id, split, sha, sure(start), sure(end))


@pytest.fixture
def teacher_of(prepared, tmp_path):
    """Function (lines) -> the teacher of a file that has them."""

    def make(lines, max_unscored=0.05, values="logits", name="scores.jsonl"):
        write_score_file(tmp_path / name, Header(values), lines)
        return ScoreTeacher(f"scores:{tmp_path / name}", prepared, max_unscored)

    return make


def test_a_file_that_knows_the_answers_has_full_marks(teacher_of, prepared, tiny):
    teacher = teacher_of(lines_of(read_examples(prepared, "test")))
    found = evaluate_score_file(teacher, prepared, "test", tiny())
    assert found.row["f1"] == pytest.approx(100) and len(found.spans) == prepared.count("test")


def test_words_without_a_score_have_no_probability(teacher_of, prepared):
    folder, _ = teacher_of(lines_of(read_examples(prepared, "dev"))).cached(prepared, "dev", 8)
    for row in read_teacher_cache(folder, "t").as_numpy_iterator():
        logits = row["t_start_logits"]
        assert logits.max() == 0 and np.sum(logits > UNKNOWN) == 1


def test_missing_examples_are_counted_and_named(teacher_of, prepared, tiny, logged):
    examples = read_examples(prepared, "test")
    teacher = teacher_of(lines_of(examples[2:]), max_unscored=0.2)
    found = evaluate_score_file(teacher, prepared, "test", tiny())
    assert any(
        f"scores of 10 of 12 examples, 2 are missing ({examples[0].example_id}, {examples[1].example_id})"
        in line
        for line in logged.messages
    )
    assert [span.prediction for span in found.spans[:2]] == ["", ""] and found.row["f1"] < 84
    with pytest.raises(UserError, match="no scores of 2 of 12 examples of test .*distill.max_unscored=0.05"):
        teacher_of(lines_of(examples[2:]), name="again.jsonl").cached(prepared, "test", 8)


def test_lines_of_other_splits_are_left_alone(teacher_of, prepared):
    train, dev = read_examples(prepared, "train"), read_examples(prepared, "dev")
    wrong = [replace(example, document="another") for example in dev]
    teacher = teacher_of([*lines_of(wrong, "pool"), *lines_of(dev, "dev"), *lines_of(train, "train")])
    assert teacher.cached(prepared, "dev", 8)[1].missing == []


def test_scores_of_another_document_are_refused(teacher_of, prepared):
    first, *others = read_examples(prepared, "dev")
    teacher = teacher_of(lines_of([*others, replace(first, document=first.document + " more")]))
    with pytest.raises(UserError, match=rf"line 11 \({first.example_id}\): scored on another document"):
        teacher.cached(prepared, "dev", 8)


def test_an_example_that_is_scored_twice_is_refused(teacher_of, prepared):
    examples = read_examples(prepared, "dev")
    with pytest.raises(UserError, match="scored a second time"):
        teacher_of(lines_of([*examples, examples[0]])).cached(prepared, "dev", 8)


def test_mass_on_no_word_is_said_and_has_a_limit(teacher_of, prepared, logged):
    examples = read_examples(prepared, "dev")

    def lines(share):
        for line in lines_of(examples):
            space = 1 + next(e for e in examples if e.example_id == line.example_id).document.index(" ")
            edge = EdgeScores(np.array([line.end.offsets[0], space + 0]), np.log([1 - share, share]))
            start = EdgeScores(np.array([line.start.offsets[0], space - 1]), np.log([1 - share, share]))
            yield line._replace(start=start, end=edge)

    teacher = teacher_of(lines(0.02), values="log_probabilities")
    coverage = teacher.cached(prepared, "dev", 8)[1]
    assert coverage.between == pytest.approx(0.02, abs=1e-6)
    assert any("2 % of the probability is on no word" in line for line in logged.messages)
    with pytest.raises(UserError, match="30 % of the probability on dev is on no word"):
        teacher_of(lines(0.3), name="more.jsonl").cached(prepared, "dev", 8)


def test_the_identity_depends_on_what_is_in_the_file(teacher_of, prepared):
    lines = list(lines_of(read_examples(prepared, "dev")))
    same = [teacher_of(lines, name=name).identity() for name in ("a.jsonl", "b.jsonl")]
    assert same[0] == same[1] != teacher_of(lines[1:], name="c.jsonl").identity()
    assert same[0]["data"] == prepared.fingerprint


def test_a_missing_file_is_one_line(prepared):
    with pytest.raises(UserError, match="nowhere.jsonl: cannot read this file"):
        ScoreTeacher("scores:nowhere.jsonl", prepared, 0.05)


def test_another_version_is_one_line(prepared, tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"format": "span_scores", "version": 9, "values": "logits"}))
    with pytest.raises(UserError, match="version 9 of the format"):
        ScoreTeacher(f"scores:{path}", prepared, 0.05)
