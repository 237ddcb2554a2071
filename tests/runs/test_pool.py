"""The pool of a run: part of its identity, opened only where a teacher answers it."""

import json
from dataclasses import replace

import pytest

from holle_tf.runs.identity import distill_options, run_identity, run_terms
from holle_tf.runs.pool import open_pool
from holle_tf.training.distillation import on_labels_alone, student_alone, student_of_teachers
from pipelines.errors import UserError
from pipelines.pool import POOL


@pytest.fixture
def pool(tmp_path):
    """A file of 20 chats."""
    path = tmp_path / "pool.json"
    chats = [
        {"document": f"Film {i} begins slowly. It ends.", "chat": ["How does it end?"]} for i in range(20)
    ]
    path.write_text(json.dumps(chats))
    return path


def test_only_a_run_with_a_pool_has_it_in_its_identity(tiny, prepared, pool):
    def identity(*assignments, **flags):
        return run_identity(tiny(*assignments, teacher="qanet", **flags), prepared, [])

    plain = identity(recipe="add")
    assert "pool" not in plain
    named = f"distill.pool={pool}"
    whole = identity(named, recipe="add")
    part = identity(named, "distill.pool_examples=5", recipe="add")
    assert {**whole, "pool": None} == {**plain, "pool": None} and whole["pool"]["examples"] == 0
    assert part["pool"] == {**whole["pool"], "examples": 5}
    pool.write_text(pool.read_text().replace("ends", "stops"))
    assert identity(named, recipe="add")["pool"]["fingerprint"] != whole["pool"]["fingerprint"]
    assert "pool" not in identity(named, model="qanet")
    assert identity(named, recipe="add_train") == identity(recipe="add_train")


def test_a_student_alone_has_no_pool(tiny, prepared, pool):
    config = tiny(f"distill.pool={pool}", "distill.pool_examples=5", recipe="add", teacher="qanet")
    alone = student_alone(config)
    assert (alone.distill.pool, alone.distill.pool_examples) == ("", 0)
    assert open_pool(alone, prepared, run_terms(alone)) is None
    assert open_pool(replace(config, recipe="add_train"), prepared, ("labels",)) is None


def test_a_part_of_the_pool_is_opened_and_no_more_than_there_is(tiny, prepared, pool, logged):
    def opened(count):
        config = tiny(f"distill.pool={pool}", f"distill.pool_examples={count}", recipe="add", teacher="qanet")
        return open_pool(config, prepared, run_terms(config))

    assert [opened(count).examples for count in (0, 5, 20)] == [20, 5, 20]
    assert not any("all of which are used" in line for line in logged.messages)
    assert opened(30).examples == opened(0).prepared.count(POOL) == 20
    assert "distill.pool_examples=30: the pool has 20, all of which are used" in logged.messages


@pytest.mark.parametrize("how", ["alone", "of teachers"])
def test_a_recipe_without_a_teacher_cannot_have_a_pool(tiny, pool, how):
    config = tiny(f"distill.pool={pool}", recipe="add_train", teacher="qanet")
    message = "add_train has no teacher"
    with pytest.raises(UserError, match=message):
        on_labels_alone(config) if how == "alone" else student_of_teachers(config, None)


def test_gradients_at_the_labels_cannot_have_a_pool(tiny, pool):
    config = tiny(f"distill.pool={pool}", recipe="add_grad", teacher="qanet")
    assert distill_options(config).gradient_mode == "projection"
    at_labels = replace(config, distill=replace(config.distill, gradient_mode="label"))
    with pytest.raises(
        UserError, match="gradient_mode=label needs labels.*set distill.gradient_mode=projection"
    ):
        distill_options(at_labels)
    distill_options(replace(at_labels, recipe="add"))
    distill_options(replace(at_labels, distill=replace(at_labels.distill, pool="")))


def test_a_part_of_no_pool_and_a_pool_that_is_missing_are_errors(tiny, prepared):
    with pytest.raises(UserError, match="distill.pool_examples=5: there is no pool"):
        tiny("distill.pool_examples=5")
    with pytest.raises(UserError, match="distill.pool=nowhere.json: no such file or folder"):
        run_identity(tiny("distill.pool=nowhere.json", recipe="add", teacher="qanet"), prepared, [])
