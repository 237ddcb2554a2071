import json
from dataclasses import replace

import pytest
import tensorflow as tf

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.prepare import prepare
from tests.pipelines import small_raw

pytest.importorskip("apache_beam", reason="Apache Beam is optional: requirements-beam.txt")

from apache_beam.pipeline import PipelineVisitor

from pipelines import beam_pipeline, beam_preparation
from pipelines.beam_preparation import beam_filler

CONFIG = replace(small_raw.CONFIG, max_dropped=0.5, min_coverage=0)
OPTIONS = ["--runner=FnApiRunner"]


def _record(split, number):
    record = small_raw.raw_example(split, number)
    del record["movie_name"], record["short_history"]
    record["mixed"] += " \U0001f600"
    record["label"] = number % 5  # of which one is unknown
    if number % 3 == 0:
        record["answer_start_mixed"] = None
    return record


@pytest.fixture
def raw(tmp_path):
    """A folder whose records have every kind of fault: unusable, repaired, twice there."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for split, count in zip(("train", "dev", "test"), (11, 3, 2)):
        records = [_record(split, number) for number in range(count)]
        if split == "train":
            records[4] = {**records[4], "span": "not there"}
            records[7] = {**records[7], "example_id": records[2]["example_id"]}
            records[9] = {}
        (folder / f"{split}_data.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def _described(prepared):
    """The manifest without what tells how the records were compressed."""
    shards = {
        split: [{name: shard[name] for name in ("file", "records")} for shard in of_split]
        for split, of_split in prepared.manifest["shards"].items()
    }
    return {**prepared.manifest, "shards": shards, "digest": ""}


def _records(shard):
    return list(tf.data.TFRecordDataset(str(shard), compression_type="GZIP").as_numpy_iterator())


class WithoutSideInputs(PipelineVisitor):
    """Dask's runner computes side inputs anew in every task, and drops the tags of outputs."""

    def visit_transform(self, node):
        assert not node.side_inputs and len(node.outputs) <= 1, node.full_label


@pytest.fixture
def pipelines(monkeypatch):
    """The pipelines that are made."""
    made, original = [], beam_pipeline.make_pipeline

    def make(options):
        made.append(original(options))
        return made[-1]

    monkeypatch.setattr(beam_pipeline, "make_pipeline", make)
    monkeypatch.setattr(beam_preparation, "PART_EXAMPLES", 3)
    return made


@pytest.mark.parametrize("limit", [None, 5])
def test_the_prepared_folder_is_shard_for_shard_the_same(raw, tmp_path, limit, logged, pipelines):
    glove = tmp_path / "glove.txt"
    glove.write_text("film 1 2 3\nhero 4 5 6\n")
    own = prepare(raw, tmp_path / "own", CONFIG, str(glove), limit=limit)
    lines = logged.messages
    logged.clear()
    fill = beam_filler(OPTIONS)
    other = prepare(raw, tmp_path / "beam", CONFIG, str(glove), limit=limit, fill=fill)
    assert _described(other) == _described(own)
    for split in ("train", "dev", "test"):
        for mine, theirs in zip(own.shards(split), other.shards(split)):
            assert _records(theirs) == _records(mine)
    assert sorted(p.name for p in other.folder.iterdir()) == sorted(p.name for p in own.folder.iterdir())
    assert [line for line in lines if "read" in line] == [line for line in logged.messages if "read" in line]
    assert len(pipelines) == 3
    for pipeline in pipelines:
        pipeline.visit(WithoutSideInputs())


def test_broken_input_is_the_users_error_in_one_line(raw, tmp_path):
    with open(raw / "dev_data.jsonl", "a") as file:
        file.write('{"example_id": ')
    with pytest.raises(UserError, match="dev_data.jsonl, line 4.*correct it there$"):
        prepare(raw, tmp_path / "out", CONFIG, "none", fill=beam_filler(OPTIONS))
    assert not list((tmp_path / "out").glob("*"))


def test_too_many_unusable_examples_stop(raw, tmp_path):
    strict = DataConfig(word_dim=3, max_dropped=0.1)
    with pytest.raises(UserError, match="2 of 11 examples are unusable"):
        prepare(raw, tmp_path / "out", strict, "none", fill=beam_filler(OPTIONS))
