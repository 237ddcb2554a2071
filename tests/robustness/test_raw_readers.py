"""Damaged raw data: one line of error, or whole examples, the same as before where nothing was damaged."""

import gzip
import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.encoding import encode
from pipelines.errors import UserError
from pipelines.options import AUTO, DataConfig
from pipelines.readers.registry import READERS, reader_of
from pipelines.splits import read_split
from pipelines.vocabulary import Vocabulary
from tests.robustness.damage import JSON, damaged_bytes, damaged_json, with_odd_values
from tests.robustness.fuzzing import REFUSED, answer_of, examples
from tests.robustness.raw_samples import NAMES, SAMPLES

WORDS, CHARS = Vocabulary(["he", "cashes"]), Vocabulary("abc")
every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Function (name) -> a folder of that name, the same for all examples."""
    root = tmp_path_factory.mktemp("raw")

    def make(name):
        (root / name).mkdir(exist_ok=True)
        return root / name

    return make


def read(folder, config):
    """The examples of the split test, after a check that they are whole."""
    found, report = read_split(folder, "test", config)
    assert report.kept == len(found)
    for example in found:
        assert example.document[example.answer_start : example.answer_end] == example.answer
        assert example.answer.strip() and example.query.strip() and example.example_id
        json.dumps(asdict(example), ensure_ascii=False).encode("utf-8")
        encoded = encode(example, WORDS, CHARS, config)
        assert 0 <= encoded.start <= encoded.end < len(encoded.document)
    return found


def texts_of(found):
    return {(each.document, each.query, each.answer, each.prober_history, each.chat_id) for each in found}


@every_sample
def test_every_odd_value_at_every_place_of_a_unit_leaves_the_others_as_they_are(folder, sample):
    place = folder(f"odd-{sample.schema}-{len(sample.units[0])}")
    config = DataConfig(schema=sample.schema, max_dropped=1.0)
    first, *others = sample.units
    sample.write(place, others)
    expected = texts_of(read(place, config))
    for where, unit in with_odd_values(first):
        sample.write(place, [unit, *others])
        found = answer_of(lambda: read(place, config))
        assert found is REFUSED or expected <= texts_of(found), where


@every_sample
@pytest.mark.parametrize("setup", ["sd", "ld"])
@examples(25)
@given(data=st.data())
def test_a_damaged_unit_leaves_the_others_as_they_are(folder, sample, setup, data):
    place = folder(f"{sample.schema}-{len(sample.units[0])}")
    config = DataConfig(schema=sample.schema, setup=setup, max_dropped=1.0)
    damaged = data.draw(st.integers(0, 2))
    others = [unit for number, unit in enumerate(sample.units) if number != damaged]
    sample.write(place, others)
    expected = texts_of(read(place, config))
    units = list(sample.units)
    units[damaged] = data.draw(damaged_json([units[damaged]]).filter(bool))[0]
    sample.write(place, units)
    found = answer_of(lambda: read(place, config))
    assert found is REFUSED or expected <= texts_of(found)


@every_sample
@examples(30)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_gives_whole_examples(folder, sample, data):
    place = folder(f"file-{sample.schema}-{len(sample.units[0])}")
    path = sample.write(place, sample.units)
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    schema = data.draw(st.sampled_from([AUTO, sample.schema]))
    answer_of(lambda: read(place, DataConfig(schema=schema, max_dropped=1.0)))


@every_sample
@examples(15)
@given(data=st.data())
def test_a_damaged_compressed_file_is_refused_or_gives_the_same_examples(folder, sample, data):
    place = folder(f"packed-{sample.schema}-{len(sample.units[0])}")
    path = sample.write(place, sample.units)
    config = DataConfig(schema=data.draw(st.sampled_from([AUTO, sample.schema])), max_dropped=1.0)
    expected = read(place, config)
    path.write_bytes(data.draw(damaged_bytes(gzip.compress(path.read_bytes(), mtime=0))))
    found = answer_of(lambda: read(place, config))
    assert found is REFUSED or found == expected


@pytest.mark.parametrize("schema", READERS)
@examples(40)
@given(content=JSON)
def test_any_json_is_refused_or_read(folder, schema, content):
    names = {"holle": "test_data.json", "doc2dial": "doc2dial_dial_test.json"}
    place = folder(f"any-{schema}")
    (place / names.get(schema, "test.json")).write_text(json.dumps([content, {"data": content}]))
    answer_of(lambda: read(place, DataConfig(schema=schema, max_dropped=1.0)))


CHATS = (
    {
        "document": "He left. She stayed.",
        "chat": ["Hi", "Hello", "Who left?"],
        "example_id": "e",
        "chat_id": "c",
    },
    {
        "context": "He left.",
        "mixed": "He left.",
        "question": "Who?",
        "query": "Who?",
        "id": "e",
        "short_history": ["a", "b"],
        "prober_history": ["a"],
        "responder_history": "b",
        "label": 1,
        "movie_name": "F",
    },
    {
        "document": ["He", "left."],
        "history": [{"role": "user", "content": "Hi"}],
        "chat": [{"speaker": "a", "text": "b"}],
    },
)


def check_chat(chat, config):
    """A chat to predict is refused, or becomes an example that a model can read."""
    example = answer_of(lambda: reader_of(config).chat(chat, config))
    if example is not REFUSED:
        assert example.document.strip() and example.query.strip() and not example.has_answer
        json.dumps(asdict(example), ensure_ascii=False).encode("utf-8")
        encode(example, WORDS, CHARS, config)


@pytest.mark.parametrize("schema", READERS)
def test_a_chat_with_any_odd_value_is_refused_or_becomes_a_whole_example(schema):
    for chat in CHATS:
        for _, damaged in with_odd_values(chat):
            check_chat(damaged, DataConfig(schema=schema))


@pytest.mark.parametrize("schema", READERS)
@examples(30)
@given(data=st.data())
def test_a_damaged_chat_is_refused_or_becomes_a_whole_example(schema, data):
    for chat in data.draw(damaged_json([data.draw(st.sampled_from(CHATS))])):
        check_chat(chat, DataConfig(schema=schema))


def test_the_whole_samples_give_three_examples_or_more(tmp_path):
    for sample, name in zip(SAMPLES, NAMES):
        (tmp_path / name).mkdir()
        sample.write(tmp_path / name, sample.units)
        assert len(read(tmp_path / name, DataConfig(schema=AUTO))) >= 3


def test_an_error_is_one_printable_line_of_bounded_length():
    text = str(UserError("a\nb \u2028 c\x1b[2J\ud800" + "x" * 10_000 + "remedy"))
    assert text.startswith(r"a b c\x1b[2J\ud800xxx") and text.endswith("xxxremedy")
    assert len(text) < 3100 and text.isprintable()
