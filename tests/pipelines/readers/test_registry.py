"""Schemas by name: a new one is a module that registers its reader."""

import gzip
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from holle_tf.config_sources import load_config
from pipelines import local_preparation
from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.prepare import fingerprint_of, prepare
from pipelines.readers.reader import Reader
from pipelines.readers.registry import READERS, reader_of, register_reader
from pipelines.records import read_examples
from pipelines.splits import read_split

ROOT = Path(__file__).parents[3]
HOLLE = DataConfig(min_char_count=1, min_word_count=1, word_dim=3, shard_examples=4, max_dropped=0.5)
CONFIG = replace(HOLLE, schema="toy")


def test_a_registered_schema_is_prepared_by_several_processes_as_by_one(toy, toy_data, tmp_path, monkeypatch):
    monkeypatch.setattr(local_preparation, "TASK_CHARS", 100)
    alone = prepare(toy_data, tmp_path / "a", CONFIG, "none")
    monkeypatch.setattr(local_preparation, "POOL_CHARS", 0)
    monkeypatch.setattr(local_preparation, "cores", lambda: 3)
    together = prepare(toy_data, tmp_path / "b", CONFIG, "none")
    assert together.manifest == alone.manifest
    assert together.config.schema == "toy"
    examples = read_examples(together, "train")
    assert examples == read_split(toy_data, "train", CONFIG)[0]
    assert [example.example_id for example in examples] == [
        f"train_{n}_{i}" for n in range(1, 6) for i in (0, 1)
    ]
    first = examples[0]
    assert (first.answer, first.query, first.movie) == ("the hero number 1", "Who wins?", "train 1")
    assert (first.source, first.has_answer) == ("article", True)
    assert first.document[first.answer_start : first.answer_end] == first.answer
    dropped = together.manifest["report"]["train"]["dropped"]
    assert dropped == {"the question has no answer": [f"train_{n}_2" for n in range(1, 6)]}


def test_a_reader_works_in_a_process_whose_registry_does_not_have_it(toy, toy_data, tmp_path):
    """As in a worker of Apache Beam on another machine, which has the module but nothing else."""
    (tmp_path / "reader.pickle").write_bytes(pickle.dumps((toy.READER, CONFIG)))
    code = """
import pickle, sys
from pathlib import Path
from pipelines.readers.registry import READERS
assert "toy" not in READERS
reader, config = pickle.loads(Path(sys.argv[1]).read_bytes())
files = reader.files(Path(sys.argv[2]), "test")
print(*(reader.parse(one, config)[0].example_id for one in reader.records(files, "test") if "answer" in one))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "reader.pickle", toy_data],
        env={"PYTHONPATH": f"{ROOT}:{tmp_path / 'plugins'}"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["test_7_0", "test_7_1", "test_8_0", "test_8_1"], done.stderr


def test_beam_prepares_a_registered_schema_the_same(toy, toy_data, tmp_path):
    beam_preparation = pytest.importorskip("pipelines.beam_preparation")
    own = prepare(toy_data, tmp_path / "own", CONFIG, "none")
    fill = beam_preparation.beam_filler(["--runner=FnApiRunner"])
    other = prepare(toy_data, tmp_path / "beam", CONFIG, "none", fill=fill)
    assert other.manifest["report"] == own.manifest["report"]
    for split in ("train", "dev", "test"):
        assert read_examples(other, split) == read_examples(own, split)


def test_the_fingerprint_changes_with_every_file_of_a_split_and_with_the_version_of_the_reader(toy, toy_data):
    def fingerprint():
        return fingerprint_of(toy_data, CONFIG, "none", None)[0]

    found = [fingerprint()]
    READERS["toy"] = replace(toy.READER, version=2)
    found.append(fingerprint())
    second = toy_data / "train" / "b.json.gz"
    second.write_bytes(gzip.compress(gzip.decompress(second.read_bytes()) + b" "))
    found.append(fingerprint())
    (toy_data / "dev" / "c.json").write_text('{"articles": []}')
    found.append(fingerprint())
    assert len(set(found)) == len(found)


def test_the_schema_decides_the_records_unless_it_is_that_of_holl_e():
    assert CONFIG.decisive()["schema"] == "toy"
    assert "schema" not in HOLLE.decisive()


def test_an_unknown_schema_is_an_error_that_names_the_nearest():
    with pytest.raises(
        UserError, match=r"^data.schema=hole: .*\(auto, holle, squad, .*\); did you mean 'holle'\?$"
    ):
        load_config(assignments=["data.schema=hole"])


def test_a_setup_that_the_schema_has_no_documents_for_is_an_error(toy):
    assert reader_of(load_config(assignments=["data.schema=toy"]).data) is toy.READER
    with pytest.raises(UserError, match="^data.setup=ld: the schema 'toy' has no such documents; .*sd"):
        load_config(assignments=["data.schema=toy", "data.setup=ld"])


def test_missing_files_are_an_error(toy, tmp_path):
    with pytest.raises(UserError, match="no files of Toy for train; check --data_dir"):
        prepare(tmp_path, tmp_path / "out", CONFIG, "none")


def test_two_readers_of_one_name_are_refused(toy):
    register_reader(toy.READER)  # the same again, as of a plugin that is named twice
    with pytest.raises(ValueError, match="two readers are called 'holle'"):
        register_reader(Reader("holle", "Another", toy.files_of_split, toy.parse_record))
