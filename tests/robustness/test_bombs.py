"""Small files that become large, or take long: one line of error, in bounded memory and time."""

import gzip
import io
import json
import sys
import time
import tracemalloc
import zipfile
from contextlib import contextmanager

import pytest
import yaml

from holle_tf.config_sources import load_config
from holle_tf.evaluate.references import read_references
from holle_tf.runs.chat_lines import read_chats
from pipelines import example_from_texts, json_records, raw_files, yaml_values
from pipelines.errors import UserError
from pipelines.example import Unusable
from pipelines.glove import read_glove
from pipelines.json_records import iterate_records
from pipelines.json_shape import BEGINNING, key_paths
from pipelines.options import DataConfig
from pipelines.readers.registry import READERS, reader_of
from pipelines.span_search import find_span
from pipelines.yaml_values import plain, read_yaml

MEGABYTE = 1_000_000
SIZE = 30 * MEGABYTE  # of what comes out of a bomb, whose limits are made smaller by ``small_limits``


@pytest.fixture
def small_limits(monkeypatch):
    """A thousandth of the limits, so that a test takes a moment."""
    for module in (raw_files, json_records):
        monkeypatch.setattr(module, "MOST_CHARACTERS", raw_files.MOST_CHARACTERS >> 10)
    monkeypatch.setattr(raw_files, "MOST_OF_A_FILE", raw_files.MOST_OF_A_FILE >> 10)
    monkeypatch.setattr(raw_files, "MOST_OF_A_LINE", raw_files.MOST_OF_A_LINE >> 10)
    monkeypatch.setattr(json_records, "_PIECE", json_records._PIECE >> 10)


@contextmanager
def bounded(megabytes, seconds=5):
    """Fail if what is done meanwhile takes more memory or processor time."""
    began = time.process_time()
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < megabytes * MEGABYTE, f"{peak / MEGABYTE:.1f} MB"
    assert time.process_time() - began < seconds


def packed(path, begin, filler, end=b""):
    """A gzip file of ``SIZE`` bytes of filler."""
    with gzip.open(path, "wb", 6) as file:
        file.write(begin)
        for _ in range(SIZE // MEGABYTE):
            file.write(filler * (MEGABYTE // len(filler)))
        file.write(end)
    assert path.stat().st_size < SIZE / 50
    return path


@pytest.mark.parametrize("begin", [b'["', b'[{"a": "', b'{"a": "'])
def test_a_string_without_end(tmp_path, small_limits, begin):
    path = packed(tmp_path / "train_data.json", begin, b"x")
    with bounded(2), pytest.raises(UserError, match="characters in a record"):
        list(iterate_records(path))


def test_white_space_without_end(tmp_path, small_limits):
    path = packed(tmp_path / "train_data.json", b"[1,", b" ")
    with bounded(2), pytest.raises(UserError, match="not the JSON"):
        list(iterate_records(path))


@pytest.mark.parametrize("filler", [b"x", b" "])
def test_a_chat_of_one_line(tmp_path, small_limits, filler):
    path = packed(tmp_path / "chats.jsonl", b'{"document": "', filler)
    with bounded(2), pytest.raises(UserError, match="line 1: longer than"):
        list(read_chats(str(path)))


def test_references_of_one_line(tmp_path, small_limits):
    path = packed(tmp_path / "multi.json.gz", b"{", b" ")
    with bounded(2), pytest.raises(UserError, match="more than"):
        read_references(path)


def test_a_configuration_of_one_line(tmp_path, small_limits):
    path = packed(tmp_path / "some.yaml", b"seed: ", b"1")
    with bounded(2), pytest.raises(UserError, match="more than"):
        load_config([path])


def test_a_chat_of_standard_input_without_end(monkeypatch):
    from holle_tf.runs import prediction

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            assert 0 <= size < 2000
            return b" " * size

    monkeypatch.setattr(prediction, "MOST_OF_A_FILE", 1000)
    monkeypatch.setattr(sys, "stdin", Endless())
    with pytest.raises(UserError, match="standard input: more than 1,000 bytes"):
        prediction.predict_file(None, "-")


def test_word_vectors_of_one_line(tmp_path):
    path = packed(tmp_path / "vectors.txt.gz", b"word ", b"1")
    with bounded(10), pytest.raises(UserError, match="line 1: too long"):
        read_glove(str(path), {"word"}, 3)


def test_a_zip_of_one_line(tmp_path):
    path = tmp_path / "vectors.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.3d.txt", b"word " + b"1" * SIZE)
    with bounded(10), pytest.raises(UserError, match="line 1: too long"):
        read_glove(str(path), {"word"}, 3)


def doubling(depth, merge):
    """YAML of which each line names the one before nine times."""
    lines = ["a0: &a0 {x: 1}" if merge else "a0: &a0 [x, x]"]
    for number in range(1, depth):
        names = ", ".join([f"*a{number - 1}"] * 9)
        value = f"{{<<: [{names}]}}" if merge else f"[{names}]"
        lines.append(f"a{number}: &a{number} {value}")
    return "\n".join(lines)


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize(
    "section", ["", "plugins: [*a15]", "plugins: *a15", "recipes: {mine: {terms: *a15}}"]
)
def test_aliases_within_aliases(tmp_path, merge, section):
    path = tmp_path / "bomb.yaml"
    path.write_text(f"{doubling(16, merge)}\n{section}\n")
    with bounded(60), pytest.raises(UserError, match="bomb.yaml") as caught:
        load_config([path])
    assert len(str(caught.value).splitlines()) == 1


def test_aliases_within_a_search_space(tmp_path, tiny):
    from tuning.space import read_space

    path = tmp_path / "space.yaml"
    path.write_text(doubling(16, merge=False))
    with bounded(60), pytest.raises(UserError, match="space.yaml: too many values"):
        read_space(tiny(f"tuning.space={path}"), distilling=False)


def test_merged_keys_are_read():
    text = "sam: &sam {units: 3}\nqanet: {<<: *sam, heads: 2}"
    assert plain(read_yaml(text), "", lambda key: False)["qanet"] == {"units": 3, "heads": 2}


def test_a_long_configuration(monkeypatch):
    monkeypatch.setattr(yaml_values, "MOST_CHARACTERS", 1000)
    with pytest.raises(yaml.YAMLError, match="longer than 1,000 characters"):
        read_yaml("seed: " + "1" * 1000)


OPENING = {
    "objects": ('{"a":', "{"),
    "objects in objects": ("", '{"a":'),
    "lists in objects": ("", '{"k": ['),
    "lists": ("", "["),
    "strings": ("", '["'),
    "quotes in a string": ('{"', '\\"'),
    "backslashes in a string": ('{"', "\\"),
}


@pytest.mark.parametrize("begin, rest", OPENING.values(), ids=OPENING)
def test_the_keys_of_a_file_that_only_opens(tmp_path, begin, rest):
    path = tmp_path / "train.json"
    path.write_text((begin + rest * BEGINNING)[:BEGINNING])
    with bounded(120):
        key_paths(path)


def test_a_span_that_is_everywhere():
    text = "ab " * 50_000
    with bounded(60, seconds=20):
        assert find_span(text, "ab " * 20_000 + "c", 7) is None
        assert find_span(text, "ab " * 20_000, 7).start == 6


@pytest.mark.parametrize("schema", READERS)
def test_a_text_that_no_model_could_read(monkeypatch, schema):
    monkeypatch.setattr(example_from_texts, "MOST_OF_A_TEXT", 1000)
    config = DataConfig(schema=schema)
    for chat in ({"document": "a " * 501, "chat": ["b"]}, {"document": "a", "chat": ["b " * 501]}):
        with pytest.raises(UserError, match="a text is longer than"):
            reader_of(config).chat(chat, config)
    with pytest.raises(Unusable, match="a text is longer than"):
        example_from_texts.answered(config, example_id="e", document="a " * 501, query="b", span="a")


def test_brackets_without_end_in_each_kind_of_file(tmp_path):
    from holle_tf.distill.score_format import read_header, read_score_lines
    from holle_tf.evaluate.predictions import read_predictions
    from pipelines.vocabulary import Vocabulary

    path = tmp_path / "some.jsonl"
    header = json.dumps({"format": "holle_tf scores", "version": 1, "values": "logits"})
    for begin in ("", f"{header}\n"):
        path.write_text(begin + "[" * 100_000)
        for read in (
            read_header,
            read_predictions,
            read_references,
            Vocabulary.load,
            lambda file: list(read_score_lines(file)),
            lambda file: list(iterate_records(file)),
            lambda file: load_config([file]),
        ):
            try:
                read(path)
            except UserError as error:
                assert len(str(error).splitlines()) == 1
    [line] = read_chats(str(path)) if not begin else list(read_chats(str(path)))[1:]
    assert line.chat is None and "not valid JSON" in line.error
