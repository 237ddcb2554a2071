from __future__ import annotations

import math
import random
import re

import pytest

from holle_tf.evaluate.baselines import (
    by_popularity,
    first_sentence,
    overlap_sentence,
    random_span,
    run_baselines,
    sentences,
    span_popularity,
    tfidf_sentence,
)
from holle_tf.evaluate.scores import token_f1
from pipelines.errors import UserError
from pipelines.example import Example


def example(document, answer, movie="Alien", query="", prober="", responder="", number=0):
    begin = document.index(answer)
    return Example(
        example_id=f"ts_0_{number}",
        chat_id="0",
        movie=movie,
        document=document,
        query=query,
        prober_history=prober,
        responder_history=responder,
        answer=answer,
        answer_start=begin,
        answer_end=begin + len(answer),
        response=answer,
        source="plot",
    )


PLOT = "A ship lands on a moon. The crew finds an egg! Ripley burns the nest."
REVIEW = "Critics loved the music. It cost eleven dollars."


@pytest.mark.parametrize(
    "document, expected",
    [
        (PLOT, ["A ship lands on a moon.", "The crew finds an egg!", "Ripley burns the nest."]),
        ('He said "run." They ran.', ['He said "run."', "They ran."]),
        ("It made 2.8 million. Good", ["It made 2.8 million.", "Good"]),
        ("a heading\n\n  a line ", ["a heading", "a line"]),
        ("no end", ["no end"]),
        ("   ", ["   "]),
        ("", [""]),
    ],
)
def test_sentences_are_cut_from_the_document(document, expected):
    assert sentences(document) == expected


def test_random_span_is_twelve_words_of_the_document_and_follows_the_seed():
    document = " ".join(f"w{n}" for n in range(60))
    test = [example(document, "w1", number=n) for n in range(30)]
    spans = random_span(test, seed=1)
    assert spans == random_span(test, seed=1) != random_span(test, seed=2)
    assert all(len(span.split()) == 12 and span in document for span in spans)
    assert len(set(spans)) > 5


def test_random_span_of_a_short_document_is_all_of_it():
    assert random_span([example("only  three words", "words"), example(" ", "")]) == ["only  three words", ""]


def test_first_sentence():
    assert first_sentence([example(PLOT, "egg")]) == ["A ship lands on a moon."]


def test_tfidf_sentence_reads_the_query_and_else_both_histories():
    train = [example(PLOT, "egg"), example(REVIEW, "music")]
    asked = [
        example(PLOT, "egg", query="what does the crew find?"),
        example(PLOT, "egg", query="what egg?", prober="a moon", responder="a ship lands on a moon"),
        example(PLOT, "egg", query="really", prober="who is Ripley"),
        example(PLOT, "egg", query="really", responder="a moon"),
        example(PLOT, "egg", query="zebra"),
    ]
    assert tfidf_sentence(train, asked) == [
        "The crew finds an egg!",
        "The crew finds an egg!",
        "Ripley burns the nest.",
        "A ship lands on a moon.",
        "A ship lands on a moon.",
    ]


def test_overlap_sentence_agrees_with_a_sum_over_shared_stems():
    train = [example(PLOT, "egg"), example(REVIEW, "music")]
    texts = [*sentences(PLOT), *sentences(REVIEW)]

    def stems(text):
        return {word[:5] for word in re.findall(r"\w+", text.lower())}

    def idf(stem):  # of scikit-learn
        return math.log((1 + len(texts)) / (1 + sum(stem in stems(text) for text in texts))) + 1

    for query in ("landing ships find a moon", "the burning eggs", "who lands", "critical musicians cost"):
        for document in (PLOT, REVIEW, "The crew lands on it. A zebra burns the critics of the moon."):
            shared = [sum(map(idf, stems(text) & stems(query)))
                      for text in sentences(document)]  # fmt: skip
            if any(shared):
                best = sentences(document)[shared.index(max(shared))]
                assert overlap_sentence(train, [example(document, "the", query=query)]) == [best]


def test_overlap_sentence_falls_back_on_the_histories_and_the_first_sentence():
    train = [example(PLOT, "egg")]
    asked = [example(PLOT, "egg", query="zebra", prober="Ripley"), example(PLOT, "egg", query="zebra")]
    assert overlap_sentence(train, asked) == ["Ripley burns the nest.", "A ship lands on a moon."]


def test_popularity_agrees_with_a_double_loop():
    generator = random.Random(0)
    vocabulary = "a the x y y z Z. q".split()
    for _ in range(20):
        spans = [" ".join(generator.choices(vocabulary, k=generator.randint(1, 7))) for _ in range(15)]
        total = {span: sum(token_f1(span, other) for other in spans) for span in spans}
        ordered = by_popularity(spans)
        assert sorted(ordered) == sorted(set(spans))
        assert [total[span] for span in ordered] == pytest.approx(sorted(total.values(), reverse=True))


def test_popularity_counts_repeated_spans_and_survives_spans_without_a_token():
    assert by_popularity(["one two", "three four", "three four"]) == ["three four", "one two"]
    assert by_popularity(["the", "..."]) == ["the", "..."]
    many = [f"word{n} shared" for n in range(1200)] + ["shared"]  # more than one block
    assert by_popularity(many)[0] == "shared"


def test_span_popularity_gives_the_movies_most_popular_span_that_the_document_has():
    train = [example(PLOT, text) for text in ("the nest", "burns the nest", "burns the nest", "an egg")]
    train += [example(REVIEW, "eleven dollars", movie="Other") for _ in range(9)]
    test = [
        example("ripley BURNS the NEST and an egg for eleven dollars", "egg"),
        example("There was An egg. They burn a nest.", "egg"),
        example("Nothing here. They burn a nest.", "here"),
    ]
    assert span_popularity(train, test) == ["BURNS the NEST", "An egg", "They burn a nest."]


def test_span_popularity_of_an_unseen_movie_is_the_sentence_most_like_training_spans():
    train = [
        example(f"Plot {n} begins. The film cost {n} dollars.", f"The film cost {n} dollars.")
        for n in range(9)
    ]
    unseen = example("A new story begins. Nobody cares. It cost many dollars.", "Nobody", movie="New")
    assert span_popularity(train, [unseen]) == ["It cost many dollars."]


def test_all_but_two_are_blind_to_the_query():
    train = [example(PLOT, "an egg"), example(REVIEW, "the music", movie="Other")]
    first = run_baselines(train, [example(PLOT, "egg", query="the nest?")])
    second = run_baselines(train, [example(PLOT, "egg", query="what moon?")])
    assert [name for name in first if first[name] != second[name]] == [
        "tfidf_sentence", "overlap_sentence"
    ]  # fmt: skip


def test_every_baseline_predicts_part_of_each_document_and_is_logged(logged):
    train = [example(PLOT, "an egg"), example(REVIEW, "the music", movie="Other")]
    test = [example(PLOT, "nest", query="who?"), example(REVIEW, "It", movie="New"), example(REVIEW, "It")]
    predictions = run_baselines(train, test)
    expected = "random_span first_sentence tfidf_sentence overlap_sentence span_popularity"
    assert list(predictions) == expected.split()
    for name, texts in predictions.items():
        assert len(texts) == len(test)
        assert all(text and text in example.document for text, example in zip(texts, test)), name
        assert any(name in line for line in logged.messages)


@pytest.mark.parametrize(
    "train, test, split", [([], [example(PLOT, "egg")], "train"), ([example(PLOT, "egg")], [], "test")]
)
def test_a_split_without_examples_is_named(train, test, split):
    with pytest.raises(UserError, match=f"one {split} example"):
        run_baselines(train, test)
