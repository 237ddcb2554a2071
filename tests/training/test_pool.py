"""Students that train on a pool: scores are cached, epochs have both, an interruption changes nothing."""

import json

import numpy as np
import pytest

from holle_tf.distill import teacher_cache
from holle_tf.runs.identity import run_terms
from holle_tf.runs.pool import open_pool
from holle_tf.training.teachers import read_teachers
from holle_tf.training.train import cache_teachers, ensure_run
from pipelines.dataset import make_dataset
from pipelines.pool import POOL
from pipelines.records import read_examples


@pytest.fixture
def pooled(tiny, prepared, tmp_path):
    """Function (assignments) -> configuration of a student with a pool of 21 chats that are new."""
    path = tmp_path / "pool.json"
    chats = []
    for i, example in enumerate(read_examples(prepared, "train")[:21]):
        asked = [example.responder_history, f"{example.query} And what of number {i}?"]
        chats.append({"example_id": f"new{i}", "document": example.document, "chat": asked})
    path.write_text(json.dumps(chats))

    def make(*assignments, recipe="add", **flags):
        return tiny(f"distill.pool={path}", *assignments, recipe=recipe, teacher="bidaf", **flags)

    return make


def test_a_student_trains_on_data_and_pool_whose_scores_are_cached(
    pooled, prepared, trained, tmp_path, logged
):
    config, teachers = pooled("training.sam.epochs=1", seed=41), [trained("bidaf")]
    run = ensure_run(config, prepared, tmp_path / "run", teachers)
    count = prepared.count("train")
    assert any(
        f"{count + 21} examples (21 of them of the pool, without labels)" in line for line in logged.messages
    )
    assert run.identity()["pool"]["examples"] == 0
    pool = open_pool(config, prepared, run_terms(config)).prepared
    [cache] = (pool.folder / "teachers").iterdir()
    assert json.loads((cache / "manifest.json").read_text())["examples"] == 21
    logged.clear()
    cache_teachers(config, prepared, teachers)
    assert sum("teacher scores: found" in line for line in logged.messages) == 2


def test_each_example_meets_the_scores_of_its_teacher(pooled, prepared, trained):
    config, run = pooled("distill.pool_examples=13", seed=42), trained("bidaf")
    pool = open_pool(config, prepared, run_terms(config))
    teaching = read_teachers(config, prepared, [run], run_terms(config), [], pool=pool)
    how = {"inputs": list(run.load_model().input), "batch_size": 8}
    batches = make_dataset(prepared, "train", extra=teaching.scores, pool=pool, shuffle=True, **how)
    model, without = run.load_model(), 0
    for features, labels in batches:
        logits = model(features, training=False)["start_logits"].numpy()
        shifted = logits - logits.max(axis=1, keepdims=True)
        real = features["document"].numpy() > 0
        np.testing.assert_allclose(labels["teacher_0_start_logits"].numpy()[real], shifted[real], atol=0.02)
        without += int(np.sum(labels["start"].numpy() < 0))
    assert without == 13


def test_a_part_of_the_pool_has_only_the_files_of_that_part_read(pooled, prepared, trained, monkeypatch):
    monkeypatch.setattr(teacher_cache, "SHARD_EXAMPLES", 8)
    config = pooled("distill.pool_examples=9", seed=43)
    pool = open_pool(config, prepared, run_terms(config)).prepared
    cache_teachers(config, prepared, [trained("bidaf")])
    assert len(list((pool.folder / "teachers").glob("*/logits-*-of-00003*"))) == 2
    cache_teachers(pooled(seed=43), prepared, [trained("bidaf")])
    assert len(list((pool.folder / "teachers").glob("*/logits-*-of-00003*"))) == 3 and pool.count(POOL) == 21


def test_a_training_that_goes_on_has_the_losses_of_one_that_was_never_stopped(
    pooled, prepared, trained, tmp_path, interrupted_run
):
    config = pooled(
        "training.sam.epochs=3",
        "sam.dropout=0",
        recipe="add_topk",
        seed=44,
    )
    teachers = [trained("bidaf")]
    whole = ensure_run(config, prepared, tmp_path / "whole", teachers)
    run = interrupted_run(config, prepared, tmp_path / "run", teachers)
    losses = [[line["loss"] for line in epochs] for epochs in (whole.epochs(), run.epochs())]
    assert len(losses[0]) == 3
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
