"""The cache holds the teacher's scores; complete files survive a kill, and nothing else does."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.distill import teacher_cache
from holle_tf.distill.teacher_cache import (
    UNKNOWN,
    Readers,
    TeacherCache,
    ensure_teacher_cache,
    read_teacher_cache,
    scores_by_fold,
)
from pipelines.dataset import make_dataset

INPUTS = ["document", "query"]
SHARD = 8


def make_teacher():
    """A model whose logits depend on all that it reads, and cost nothing."""
    texts = {name: tf.keras.Input([None], dtype=tf.int32, name=name) for name in INPUTS}
    query = tf.reduce_sum(texts["query"], axis=1, keepdims=True)
    start = 4.0 * tf.sin(tf.cast(texts["document"] * 7 + query, tf.float32))
    outputs = {
        "start_logits": start,
        "end_logits": 3.0 * tf.cos(start),
        "document_mask": texts["document"] > 0,
    }
    return tf.keras.Model(texts, outputs)


@pytest.fixture
def teacher(monkeypatch):
    monkeypatch.setattr(teacher_cache, "SHARD_EXAMPLES", SHARD)
    return make_teacher()


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "teacher.weights.h5"
    path.write_bytes(b"some weights of " + os.urandom(8))  # another cache for each test
    return path


@pytest.fixture
def compute(prepared, teacher, weights, logged):
    """Function (options) -> the folder of the cache and the lines that were said."""

    def run(batch_size=3, load=lambda: teacher, **options):
        before = len(logged.records)
        folder = ensure_teacher_cache(load, weights, prepared, "train", batch_size, **options)
        own = [record for record in logged.records[before:] if record.thread == threading.get_ident()]
        return folder, [record.getMessage() for record in own]

    return run


def scores_of(folder):
    return list(read_teacher_cache(folder, "t").as_numpy_iterator())


def test_it_has_the_logits_of_the_teacher_up_to_a_constant(prepared, teacher, compute):
    rows = scores_of(compute()[0])
    assert len(rows) == prepared.count("train")
    batches = make_dataset(prepared, "train", inputs=INPUTS, batch_size=40, texts=True)
    features, _ = next(iter(batches))
    outputs = teacher({name: features[name] for name in INPUTS})
    for i, row in enumerate(rows):
        assert row["t_example_id"] == features["example_id"][i].numpy()
        words = int(tf.math.count_nonzero(features["document"][i]))
        for edge in ("start", "end"):
            logits = outputs[f"{edge}_logits"][i, :words].numpy()
            np.testing.assert_allclose(row[f"t_{edge}_logits"], logits - logits.max(), atol=2e-3)


def test_it_is_found_again_and_another_input_is_another_cache(prepared, weights, compute, tmp_path):
    folder, _ = compute()
    assert compute(load=None)[1] == [f"teacher scores: found in {folder}"], "and no teacher is made for it"
    other = tmp_path / "other.h5"
    other.write_bytes(b"other weights")
    data = dataclasses.replace(prepared, manifest={**prepared.manifest, "fingerprint": "1" * 64})
    folders = [
        TeacherCache(prepared, "train", weights).folder,
        TeacherCache(prepared, "dev", weights).folder,
        TeacherCache(prepared, "train", other).folder,
        TeacherCache(prepared, "train", weights, {"chunk_words": 256}).folder,
        TeacherCache(prepared, "train", weights, {"chunk_words": 128}).folder,
        TeacherCache(prepared, "train", weights, top_k=5).folder,
        TeacherCache(prepared, "train", weights, taken=np.arange(40) < 20).folder,
        TeacherCache(prepared, "train", weights, taken=np.arange(40) >= 20).folder,
        TeacherCache(data, "train", weights).folder,
    ]
    assert folders[0] == folder and len(set(folders)) == len(folders)


class Stream:
    """Batches of ``make_dataset`` that record their numbers and fail at a given one."""

    def __init__(self, failing=None, fail=None):
        self.read, self._failing, self._fail = [], failing, fail

    def __call__(self, *args, **kwargs):
        self._batches = make_dataset(*args, **kwargs)
        return self

    def skip(self, count):
        for number, batch in enumerate(self._batches.skip(count), count):
            if number == self._failing:
                self._fail()
            self.read.append(number)
            yield batch


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize(("failing", "files"), [(0, 0), (4, 1), (9, 3), (13, 4)])
def test_an_interrupted_computation_goes_on_after_the_last_whole_file(compute, monkeypatch, failing, files):
    monkeypatch.setattr(teacher_cache, "make_dataset", Stream(failing, interrupt))
    with pytest.raises(KeyboardInterrupt):
        compute()
    monkeypatch.setattr(teacher_cache, "make_dataset", again := Stream())
    folder, said = compute()
    assert again.read[0] == files * SHARD // 3  # nothing is read twice but the start of a batch
    assert any(f"{files * SHARD} of 40 examples are there" in line for line in said) == (files > 0)
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"logits-{i:05d}-of-00005.tfrecord.gz" for i in range(5)),
        "manifest.json",
    ]
    whole, _ = compute(chunks={"chunk_words": 999})  # another cache of the same scores
    assert_same(scores_of(folder), scores_of(whole))


def assert_same(rows, others):
    assert len(rows) == len(others) == 40
    for row, other in zip(rows, others):
        assert row["t_example_id"] == other["t_example_id"]
        for edge in ("start", "end"):
            np.testing.assert_allclose(row[f"t_{edge}_logits"], other[f"t_{edge}_logits"], atol=2e-3)


KILLED = """
import os, pathlib, signal, sys
import test_teacher_cache as here
from holle_tf.distill import teacher_cache
from pipelines.prepare import PreparedData

prepared = PreparedData.load(sys.argv[1])
teacher_cache.SHARD_EXAMPLES = here.SHARD
teacher_cache.make_dataset = here.Stream(9, lambda: os.kill(os.getpid(), signal.SIGKILL))
weights = pathlib.Path(sys.argv[2])
teacher_cache.ensure_teacher_cache(here.make_teacher, weights, prepared, "train", 3)
"""


def test_what_a_killed_process_leaves_half_written_is_not_taken_for_whole(
    prepared, weights, compute, monkeypatch
):
    path = os.pathsep.join([os.getcwd(), os.path.dirname(__file__)])
    command = [sys.executable, "-c", KILLED, str(prepared.folder), str(weights)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    folder = TeacherCache(prepared, "train", weights).folder
    left = sorted(path.name for path in folder.iterdir())
    assert left[0].startswith(".logits-00003") and len(left) == 4  # three are whole
    monkeypatch.setattr(teacher_cache, "make_dataset", again := Stream())
    assert compute()[0] == folder
    assert again.read[0] == 3 * SHARD // 3
    whole, _ = compute(chunks={"chunk_words": 999})
    assert_same(scores_of(folder), scores_of(whole))


def test_a_damaged_file_is_read_anew_and_no_other(compute, monkeypatch):
    folder, _ = compute()
    before = scores_of(folder)
    damaged = folder / "logits-00001-of-00005.tfrecord.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    monkeypatch.setattr(teacher_cache, "make_dataset", again := Stream())
    said = compute()[1]
    assert str(damaged) in said[0] and "damaged" in said[0]
    assert again.read[0] == SHARD // 3
    assert_same(scores_of(folder), before)


def test_the_best_positions_alone_are_kept_where_that_is_asked_for(compute):
    full, best = scores_of(compute()[0]), scores_of(compute(top_k=5)[0])
    for row, other in zip(full, best):
        assert row["t_example_id"] == other["t_example_id"]
        for edge in ("start", "end"):
            logits, shortened = row[f"t_{edge}_logits"], other[f"t_{edge}_logits"]
            kept = shortened > UNKNOWN
            assert len(shortened) == len(logits) and kept.sum() == 5
            np.testing.assert_allclose(shortened[kept], logits[kept], atol=2e-3)
            assert logits[kept].min() >= logits[~kept].max() - 2e-3


def test_the_position_of_no_answer_is_always_kept(prepared, weights, compute):
    plain = compute(top_k=5)[0]
    config = {**prepared.manifest["config"], "unanswerable": "learn"}
    learned = dataclasses.replace(prepared, manifest={**prepared.manifest, "config": config})
    assert learned.config.has_null
    rows = scores_of(compute()[0])
    own = TeacherCache(learned, "train", weights, top_k=5)
    assert own.folder != plain and TeacherCache(learned, "train", weights).folder == compute()[0]
    least = 0
    for row in rows:
        edges = [row["t_start_logits"], row["t_end_logits"]]
        for logits in edges:
            best = teacher_cache._best(logits, 5, own.keeps_first)
            others = np.argsort(-logits[1:], kind="stable")[:4] + 1
            assert best.tolist() == sorted([0, *others])
            least += 0 not in teacher_cache._best(logits, 5, False)
    assert least > 0, "some examples show the difference"


def test_the_first_examples_alone_are_read_and_the_others_added_later(prepared, compute, monkeypatch):
    stream = Stream()
    monkeypatch.setattr(teacher_cache, "make_dataset", stream)
    folder, _ = compute(first=SHARD + 1)
    assert max(stream.read) == (2 * SHARD - 1) // 3  # the last batch of the second file
    rows = scores_of(folder)
    assert len(rows) == 2 * SHARD
    assert compute(load=None, first=2 * SHARD) == (folder, [f"teacher scores: found in {folder}"])
    stream.read.clear()
    assert compute()[0] == folder and min(stream.read) == 2 * SHARD // 3
    whole = scores_of(folder)
    assert len(whole) == prepared.count("train")
    for row, other in zip(rows, whole):
        np.testing.assert_array_equal(row["t_start_logits"], other["t_start_logits"])
    assert compute(load=None, first=1)[0] == folder and len(scores_of(folder)) == len(whole)


def test_files_that_no_manifest_lists_yet_are_listed_without_being_read_again(compute, prepared):
    folder, _ = compute(first=1)
    before = (folder / "manifest.json").read_text()
    compute()
    (folder / "manifest.json").write_text(before)  # as if the second computation had been killed at its end
    compute(load=None)
    assert len(scores_of(folder)) == prepared.count("train")


def test_scores_of_another_order_do_not_join_the_examples(prepared, compute):
    scores = read_teacher_cache(compute()[0], "t")
    joined = make_dataset(prepared, "train", inputs=INPUTS, batch_size=8, shuffle=True, extra=scores)
    labels = [labels for _, labels in joined]
    assert set(labels[0]) == {"start", "end", "t_start_logits", "t_end_logits"}
    # Two examples of the same length, so that nothing but the ids tells them apart.
    rows = scores_of(compute()[0])
    lengths = [len(row["t_start_logits"]) for row in rows]
    a, b = next((a, b) for a in range(40) for b in range(a) if lengths[a] == lengths[b])
    rows[a], rows[b] = rows[b], rows[a]
    swapped = tf.data.Dataset.from_generator(lambda: rows, output_signature=scores.element_spec)
    with pytest.raises(tf.errors.InvalidArgumentError, match="t_example_id.* is of another example"):
        list(make_dataset(prepared, "train", inputs=INPUTS, batch_size=8, extra=swapped))


@pytest.mark.parametrize("top_k", [0, 5])
def test_a_cache_of_some_examples_has_those_alone_and_several_join_in_record_order(prepared, compute, top_k):
    whole = scores_of(compute(top_k=top_k)[0])
    folds = np.arange(len(whole)) * 7 % 10 % 3  # of unequal sizes, and mixed
    parts = [compute(taken=np.equal(folds, fold), top_k=top_k)[0] for fold in range(3)]
    for fold, part in enumerate(parts):
        expected = [whole[i]["t_example_id"] for i in np.flatnonzero(folds == fold)]
        assert [row["t_example_id"] for row in scores_of(part)] == expected
    joined = scores_by_fold([read_teacher_cache(part, "t") for part in parts], folds.astype(np.int64))
    assert_same(list(joined.as_numpy_iterator()), whole)
    batches = make_dataset(prepared, "train", inputs=INPUTS, batch_size=8, shuffle=True, extra=joined)
    assert sum(len(labels["start"]) for _, labels in batches) == len(whole)


def test_several_processes_read_different_files_of_one_cache(prepared, teacher, weights, monkeypatch):
    alone = ensure_teacher_cache(lambda: teacher, weights, prepared, "train", 3)
    expected = scores_of(alone)
    written = {path.name: path.read_bytes() for path in alone.iterdir()}
    for path in alone.iterdir():
        path.unlink()
    barrier, who, own = threading.Barrier(2), {}, teacher_cache._read

    def read(*arguments):
        who[threading.current_thread().name] = arguments[-1]
        return own(*arguments)

    monkeypatch.setattr(teacher_cache, "_read", read)
    models = [make_teacher(), make_teacher()]

    def process(number):
        readers = Readers(2, number, lambda: barrier.wait(60))
        ensure_teacher_cache(lambda: models[number], weights, prepared, "train", 3, readers=readers)

    threads = [threading.Thread(target=process, args=(i,), name=str(i)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert who["0"] == {0, 2, 4} and who["1"] == {1, 3}
    assert {path.name: path.read_bytes() for path in alone.iterdir()} == written
    for row, other in zip(scores_of(alone), expected):
        np.testing.assert_array_equal(row["t_start_logits"], other["t_start_logits"])


def test_two_that_want_the_same_scores_at_once_compute_them_once(compute, monkeypatch):
    reads, both = [], threading.Barrier(2)
    original = teacher_cache._read

    def read(*arguments):
        reads.append(threading.get_ident())
        time.sleep(0.5)  # long enough for the other to come
        return original(*arguments)

    monkeypatch.setattr(teacher_cache, "_read", read)
    said = {}

    def want(name):
        both.wait(10)
        said[name] = compute()[1]

    threads = [threading.Thread(target=want, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(reads) == 1
    waited = next(lines for lines in said.values() if lines)
    assert "another process computes them" in waited[0] and "found" in waited[1]
