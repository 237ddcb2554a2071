"""Documents of questions in the format of SQuAD: their answers are anywhere in them."""

import json
from collections import Counter

from pipelines.options import DataConfig
from pipelines.splits import read_split
from pipelines.tokenizer import tokenize


def numbered(count=20, words=40):
    """An article whose words say where they are, with a question about each."""

    def paragraph(number):
        text = " ".join(f"p{number}w{i}" for i in range(words))
        return text, [
            {
                "id": f"{number}-{i}",
                "question": "Which word?",
                "answers": [{"text": f"p{number}w{i}", "answer_start": text.index(f"p{number}w{i}")}],
            }
            for i in range(words)
        ]

    paragraphs = [dict(zip(("context", "qas"), paragraph(number))) for number in range(count)]
    return {"title": "An article", "paragraphs": paragraphs}


def documents(tmp_path, content, **options):
    """(example, index of the gold paragraph) of each question of ``numbered``, whose answers are checked."""
    (tmp_path / "test.json").write_text(json.dumps({"version": "1.1", "data": [content]}))
    examples, report = read_split(tmp_path, "test", DataConfig(schema="squad", **options))
    assert report.repaired == {} == report.dropped
    for example in examples:
        number, word = example.example_id.split("-")
        assert example.answer == f"p{number}w{word}"
        assert example.document[example.answer_start : example.answer_end] == example.answer
    return [(example, int(example.example_id.split("-")[0])) for example in examples]


def test_a_long_paragraph_becomes_a_window_at_a_random_place(tmp_path):
    found = documents(tmp_path, numbered(1, 400), window_words=50)
    lengths = {len(example.document.split()) for example, _ in found}
    assert lengths == {50}
    inner = [example for example, _ in found if 50 < int(example.example_id.split("-")[1]) < 350]
    places = [example.document.split().index(example.answer) for example in inner]
    quarters = Counter(place * 4 // 50 for place in places)
    assert all(50 < quarters[quarter] < 105 for quarter in range(4))  # of 299
    again = documents(tmp_path, numbered(1, 400), window_words=50)
    assert again == found


def test_a_short_document_of_a_long_article_is_its_paragraph(tmp_path):
    for example, gold in documents(tmp_path, numbered()):
        assert example.document.startswith(f"p{gold}w0 ") and example.document.endswith(f" p{gold}w39")


def test_a_long_document_is_whole_paragraphs_around_the_gold_one_at_a_random_place(tmp_path):
    found = documents(tmp_path, numbered(), setup="ld", long_words=200)
    places = []
    for example, gold in found:
        paragraphs = [text.split() for text in example.document.split("\n")]
        numbers = [int(text[0][1:].partition("w")[0]) for text in paragraphs]
        assert all(len(text) == 40 for text in paragraphs) and len(paragraphs) <= 5
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and gold in numbers
        if 5 <= gold < 15 and len(numbers) == 4:
            places.append(numbers.index(gold))
    assert len(places) > 350
    assert all(0.18 < places.count(place) / len(places) < 0.32 for place in range(4))


def test_a_short_article_or_a_long_paragraph_is_kept_whole(tmp_path):
    for example, _ in documents(tmp_path, numbered(3), setup="ld", long_words=120):
        assert len(example.document.split()) == 120
    for example, _ in documents(tmp_path, numbered(1), setup="ld", long_words=30):
        assert len(example.document.split()) == 40


def test_the_whole_article_is_read_or_windows_of_it(tmp_path):
    assert {
        len(example.document.split()) for example, _ in documents(tmp_path, numbered(), setup="full")
    } == {800}
    windows = documents(tmp_path, numbered(), setup="windows", window_words=60)
    assert {len(tokenize(example.document)) for example, _ in windows} == {60}
    assert any("\n" in example.document for example, _ in windows)
