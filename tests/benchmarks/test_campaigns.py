"""Figures of the campaigns of docs/reliability.md."""

import json
import os
import time

import pytest

from benchmarks import kill_traces, soak_figures


def kill(mode, **changes):
    return {"mode": mode, "moment": 0.5, "temporary": 0, "same": True, "left": [], "error": "", **changes}


def test_kills_are_counted_by_mode():
    done = [kill("train"), kill("train", temporary=2), kill("prepare", same=False, left=[".a.tmp"])]
    prepare, train = kill_traces.figures(done)
    assert list(prepare.values()) == ["prepare", 1, 0, 0, 0]
    assert list(train.values()) == ["train", 2, 1, 2, 2]


def test_temporary_files_are_found_and_made_to_look_old(tmp_path):
    (tmp_path / "runs" / ".model.1-00000000.tmp").mkdir(parents=True)
    inner = tmp_path / "runs" / ".model.1-00000000.tmp" / "weights"
    inner.touch()
    (tmp_path / "answers.jsonl.partial").touch()
    (tmp_path / "answers.jsonl").touch()
    assert kill_traces.age(tmp_path) == 2
    assert time.time() - os.stat(inner).st_mtime > 600


@pytest.mark.parametrize(
    "start, score, right", [(3, 0.5, True), (3, 0.50001, True), (3, 0.51, False), (4, 0.5, False)]
)
def test_an_answer_is_right_if_its_spans_and_scores_are(start, score, right):
    known = soak_figures.Known(b"", [[3, 9, 0.5]])
    reply = json.dumps({"n_best": [{"start_char": start, "end_char": 9, "score": score}]}).encode()
    assert soak_figures.is_right(reply, known) == right
    assert not soak_figures.is_right(b'{"n_best": []}', known)


def test_the_growth_of_memory_is_counted_after_the_beginning():
    memory = [(0.0, 50.0), *((float(second), 100.0 + second) for second in range(600, 3601, 60))]
    found = soak_figures.growth(memory)
    assert found["mb_an_hour"] == pytest.approx(3600)
    assert found["last_third_mb"] > found["first_third_mb"] > 700
