"""The format of SQuAD: nested articles, several references, what is dropped."""

import gzip
import json
from dataclasses import replace

import pytest

from holle_tf.config_sources import load_config
from pipelines import local_preparation
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.prepare import PreparedData, fingerprint_of, prepare
from pipelines.readers.squad import example_to_predict
from pipelines.records import read_examples
from pipelines.splits import files_of_split, read_split
from pipelines.tokenizer import tokenize

CONFIG = DataConfig(
    schema="squad", min_char_count=1, min_word_count=1, word_dim=3, shard_examples=4, max_dropped=1.0
)
TEXT = "The café opened in 1990. Dr. Smith owns it. He sells tea, and no coffee."


def question(text="Dr. Smith", number=0, start=None, **changes):
    """A question of the paragraph TEXT; a change to None leaves the key out."""
    start = TEXT.find(text) if start is None else start
    whole = {
        "id": f"q{number}",
        "question": "Who owns it?",
        "answers": [{"text": text, "answer_start": start}],
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def article(*paragraphs, title="squad/Café"):
    return {
        "title": title,
        "paragraphs": [{"context": text, "qas": list(asked)} for text, asked in paragraphs],
    }


def write(folder, *articles, split="test", name="{split}.json"):
    folder.mkdir(exist_ok=True)
    content = json.dumps({"version": "1.1", "data": articles}).encode()
    file = folder / name.format(split=split)
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


def read_one(tmp_path, asked, **options):
    """The example of one question about TEXT, and what had to be repaired."""
    write(tmp_path, article((TEXT, [asked])))
    [example], report = read_split(tmp_path, "test", replace(CONFIG, **options))
    return example, list(report.repaired)


# Questions and answers


def test_a_question_is_an_example_with_the_paragraph_as_its_document(tmp_path):
    example, repairs = read_one(tmp_path, question())
    assert (example.example_id, example.chat_id, example.movie) == ("q0", "squad/Café", "squad/Café")
    assert (example.document, example.query) == (TEXT, "Who owns it?")
    assert (example.answer, example.answer_start, example.answer_end) == ("Dr. Smith", 25, 34)
    assert (example.prober_history, example.responder_history, example.response) == ("", "", "")
    assert (example.source, example.has_answer, repairs) == ("unknown", True, [])


def test_the_first_reference_is_gold_and_the_others_are_kept(tmp_path):
    answers = [("Smith", 29), ("Dr. Smith", 25), ("smith", 0), ("Dr. Smith", 25), ("Jones", 3), ("", 0)]
    answers = [{"text": text, "answer_start": start} for text, start in answers]
    example, repairs = read_one(tmp_path, question(answers=[*answers, 3]))
    assert (example.answer, example.answer_start) == ("Smith", 29)
    assert example.references == ("Dr. Smith",)
    assert repairs == ["a further reference is not in 'context', left out"]
    example, _ = read_one(tmp_path, question(answers=[*answers, {"text": "tea", "answer_start": 52}]),
                          answer="sentence")  # fmt: skip
    assert example.accepted == ("Dr. Smith owns it.", "He sells tea, and no coffee.")


@pytest.mark.parametrize("setup", ["sd", "ld", "full", "windows"])
def test_a_wrong_offset_is_repaired_within_the_paragraph(tmp_path, setup):
    write(tmp_path, article(("Smith. " * 9, []), (TEXT, [question("smith", start=0)]), ("Smith. " * 9, [])))
    [example], report = read_split(tmp_path, "test", replace(CONFIG, setup=setup))
    assert list(report.repaired) == ["span not at its offset", "span differs in case, quotes or spaces"]
    assert example.answer == "Smith"
    assert example.document[: example.answer_start].endswith("Dr. ")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answers": []}, "question without an answer"),
        ({"answers": None}, "no label"),
        ({"is_impossible": True}, "question without an answer"),
        ({"answers": [{"text": " ", "answer_start": 0}]}, "'text' is empty"),
        ({"answers": ["Smith"]}, "'text' is missing"),
        ({"answers": [{"text": "Jones", "answer_start": 25}]}, "answer is not in 'context'"),
        ({"question": "\n"}, "'question' is empty"),
        ({"question": None}, "'question' is missing"),
        ({"id": None}, "'id' is missing"),
    ],
)
def test_what_gives_no_example_is_dropped_with_its_reason(tmp_path, changes, reason):
    write(tmp_path, article((TEXT, [question(), question(number=1, **changes), 3])))
    examples, report = read_split(tmp_path, "test", CONFIG)
    assert [example.example_id for example in examples] == ["q0"]
    name = "test.json[1]" if changes.get("id", "") is None else "q1"
    expected = {reason: [name]}
    expected.setdefault("'id' is missing", []).append("test.json[2]")
    assert report.dropped == expected


def test_unanswered_questions_do_not_count_as_faults(tmp_path):
    unanswered = [question(number=i, is_impossible=True) for i in range(1, 9)]
    write(tmp_path, article((TEXT, [question(), *unanswered])))
    examples, report = read_split(tmp_path, "test", replace(CONFIG, max_dropped=0.05))
    assert len(examples) == 1
    assert {reason: len(ids) for reason, ids in report.dropped.items()} == {"question without an answer": 8}
    write(tmp_path, article((TEXT, [question(), question("Jones", number=9, start=0), *unanswered])))
    with pytest.raises(UserError, match="1 of 2 examples are unusable"):
        read_split(tmp_path, "test", replace(CONFIG, max_dropped=0.05))


def test_a_table_can_mark_an_unanswered_question_by_an_empty_text(tmp_path):
    write(tmp_path, article((TEXT, [question(), question("", number=1, start=-1)])))
    _, report = read_split(tmp_path, "test", CONFIG)
    assert report.dropped == {"question without an answer": ["q1"]}


def test_questions_about_an_empty_paragraph_are_dropped(tmp_path):
    write(tmp_path, article((TEXT, [question()]), (" ", [question(number=1)]), (None, [question(number=2)])))
    _, report = read_split(tmp_path, "test", CONFIG)
    assert report.dropped == {"'context' is empty": ["q1"], "'context' is missing": ["q2"]}


# Sentences


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Smith", "Dr. Smith owns it."),
        ("tea", "He sells tea, and no coffee."),
        ("1990. Dr. Smith", "The café opened in 1990. Dr. Smith owns it."),
    ],
)
@pytest.mark.parametrize("setup", ["sd", "ld", "full", "windows"])
def test_the_answer_can_be_the_sentences_that_hold_it(tmp_path, text, sentence, setup):
    write(tmp_path, article(("One. Two", []), (TEXT, [question(text)]), ("three. Four", [])))
    [example], report = read_split(tmp_path, "test", replace(CONFIG, setup=setup, answer="sentence"))
    assert example.answer == sentence == example.document[example.answer_start : example.answer_end]
    assert report.repaired == {}


def test_a_sentence_is_found_where_a_wrong_offset_is_repaired(tmp_path):
    example, repairs = read_one(tmp_path, question("tea", start=3), answer="sentence")
    assert (example.answer, repairs) == ("He sells tea, and no coffee.", ["span not at its offset"])


def test_a_window_keeps_the_whole_sentence(tmp_path):
    example, _ = read_one(tmp_path, question("tea"), answer="sentence", window_words=3)
    assert example.answer == example.document == "He sells tea, and no coffee."


# Files


@pytest.mark.parametrize("name", ["{split}.json.gz", "{split}-v1.1.json", "{split}-v2.0.json"])
def test_files_are_found_by_the_names_of_squad_too(tmp_path, name):
    file = write(tmp_path, article((TEXT, [question()])), split="train", name=name)
    assert files_of_split(tmp_path, "train", CONFIG) == [file]
    assert len(read_split(tmp_path, "train", CONFIG)[0]) == 1
    plain = write(tmp_path, split="train")
    assert files_of_split(tmp_path, "train", CONFIG) == [plain]


def test_a_missing_split_is_an_error_with_the_remedy(tmp_path):
    write(tmp_path, article((TEXT, [question()])), split="train")
    with pytest.raises(UserError, match="test.json: no such file.*move some articles.*into one$"):
        files_of_split(tmp_path, "test", CONFIG)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([], "no usable example"),
        ([{"title": "a"}], "test.json: no list 'data'"),
        ({"data": {}}, "test.json: no list 'data'"),
        ({"data": [3]}, "test.json, article 1: no list 'paragraphs'"),
        (
            {"data": [{"paragraphs": []}, {"paragraphs": [{"context": "x"}]}]},
            "article 2, paragraph 1: no list 'qas'",
        ),
    ],
)
def test_a_file_of_another_format_is_an_error_that_says_where(tmp_path, content, complaint):
    (tmp_path / "test.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=complaint) as caught:
        read_split(tmp_path, "test", CONFIG)
    assert "\n" not in str(caught.value)


def test_an_article_without_a_title_is_known_by_its_number(tmp_path):
    write(tmp_path, article(("x", [])), article((TEXT, [question()]), title=None))
    [example], _ = read_split(tmp_path, "test", CONFIG)
    assert example.chat_id == "article 2"


# Options


def test_options_decide_the_fingerprint_where_they_change_the_records(tmp_path):
    for split in ("train", "dev", "test"):
        write(tmp_path, article((TEXT, [question()])), split=split)

    def of(**options):
        return fingerprint_of(tmp_path, replace(CONFIG, **options), "none", None)[0]

    long = {"setup": "ld", "answer": "sentence"}
    found = [
        of(),
        of(answer="sentence"),
        of(window_words=9),
        of(setup="ld"),
        of(**long),
        of(**long, long_words=9),
    ]
    found += [of(setup="windows"), of(setup="windows", window_words=9), of(setup="full")]
    assert len(set(found)) == len(found)
    assert of(long_words=9) == of() and of(setup="ld", window_words=9) == of(setup="ld")
    assert of(setup="full", long_words=9, window_words=9) == of(setup="full")


@pytest.mark.parametrize("setup", ["sd", "ld", "windows", "full", "oracle"])
def test_options_of_squad_are_not_among_those_that_decide_data_of_holl_e(setup):
    decisive = DataConfig(setup=setup, long_words=9).decisive()
    assert not {"schema", "answer", "long_words"} & set(decisive)
    assert ("window_words" in decisive) == (setup == "windows")


def test_sentences_are_an_error_for_a_schema_that_has_none():
    with pytest.raises(
        UserError, match="^data.answer=sentence: the schema 'holle' has no such answers; .*span.$"
    ):
        load_config(assignments=["data.answer=sentence"])
    config = load_config(assignments=["data.answer=sentence", "data.schema=squad"])
    assert config.data.answer == "sentence"
    with pytest.raises(UserError, match="^data.setup=oracle: the schema 'squad' has no such documents"):
        load_config(assignments=["data.setup=oracle", "data.schema=squad"])


# Prepared data and prediction


def test_examples_are_prepared_by_several_processes_and_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(local_preparation, "TASK_CHARS", 100)
    monkeypatch.setattr(local_preparation, "POOL_CHARS", 0)
    monkeypatch.setattr(local_preparation, "cores", lambda: 2)
    raw = tmp_path / "raw"
    asked = [question(text, number) for number, text in enumerate(["Smith", "tea", "1990", "it"])]
    asked[1]["answers"].append({"text": "café", "answer_start": 4})
    for split in ("train", "dev", "test"):
        write(raw, article(("One. Two", []), (TEXT, [*asked, question(number=4, answers=[])])), split=split)
    config = replace(CONFIG, setup="ld", answer="sentence")
    prepared = prepare(raw, tmp_path / "out", config, "none")
    assert prepared.config == replace(config, words="latin")  # as the data say
    assert prepared.manifest["report"]["train"]["dropped"] == {"question without an answer": ["q4"]}
    examples = read_examples(prepared, "train")
    assert examples == read_split(raw, "train", config)[0]
    assert [len(example.references) for example in examples] == [0, 1, 0, 0]
    [(features, labels)] = make_dataset(
        prepared, "train", inputs=("document", "query"), batch_size=4, texts=True
    )
    assert json.loads(features["references"][1].numpy()) == ["The café opened in 1990."]
    assert features["references"][0].numpy() == b"[]"
    for row, sentence in enumerate(
        [
            "Dr. Smith owns it.",
            "He sells tea, and no coffee.",
            "The café opened in 1990.",
            "Dr. Smith owns it.",
        ]
    ):
        words = features["document"][row, labels["start"][row] : labels["end"][row] + 1].numpy()
        assert [prepared.words[i] for i in words] == [token.text.lower() for token in tokenize(sentence)]
    assert {prepared.words[i] for i in features["query"][0].numpy()} >= {"who", "owns", "it", "?"}


def test_a_chat_to_predict_may_be_a_context_with_a_question():
    example = example_to_predict({"id": "q1", "context": TEXT, "question": "Who owns it?"}, CONFIG)
    assert (example.example_id, example.document, example.query) == ("q1", TEXT, "Who owns it?")
    assert (example.prober_history, example.has_answer) == ("", False)
    chat = {"document": TEXT, "chat": ["Is it open?", "Yes.", "Who owns it?"]}
    example = example_to_predict(chat, CONFIG)
    assert (example.query, example.responder_history) == ("Who owns it?", "Yes.")


@pytest.mark.parametrize(
    ("chat", "complaint"),
    [
        ({"context": TEXT}, "no query"),
        ({"question": "Who?"}, "no document"),
        ("Who?", "must be a JSON object"),
    ],
)
def test_an_incomplete_question_is_refused(chat, complaint):
    with pytest.raises(UserError, match=complaint):
        example_to_predict(chat, CONFIG)


def test_data_that_lack_further_references_are_prepared_again_into_their_folder(tmp_path):
    raw = tmp_path / "raw"
    for split in ("train", "dev", "test"):
        write(raw, article((TEXT, [question()])), split=split)
    prepared = prepare(raw, tmp_path / "out", CONFIG, "none")
    manifest = {**prepared.manifest}
    del manifest["references"], manifest["digest"]  # older ones have neither
    (prepared.folder / "manifest.json").write_text(json.dumps(manifest))
    assert not PreparedData.load(prepared.folder).is_current
    again = prepare(raw, tmp_path / "out", CONFIG, "none")
    assert again.is_current
    assert (again.folder, again.fingerprint) == (prepared.folder, prepared.fingerprint)
