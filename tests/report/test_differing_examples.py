from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.report.differing_examples import choose, pieces, shown_examples
from pipelines.example import Example

DOCUMENT = "The film  opens at night. Nobody knows why, and then it rains."


def _span(start, end, f1=0.0):
    return SpanPrediction("ts", "text", start, end, 0.5, ["x"], f1)


def test_pieces_are_the_document_cut_where_a_span_begins_or_ends():
    found = pieces(DOCUMENT, {"true": (1, 3), "student": (3, 6)})
    assert "".join(piece.text for piece in found) == DOCUMENT
    assert [tuple(piece) for piece in found] == [
        ("The", ()),
        (" ", ()),
        ("film  opens", ("true",)),
        (" ", ("true",)),
        ("at", ("true", "student")),
        (" ", ("student",)),
        ("night. Nobody", ("student",)),
        (" ", ()),
        ("knows why, and then it rains.", ()),
    ]


def test_of_a_long_document_the_words_around_the_spans_are_shown():
    document = " ".join(f"w{i}" for i in range(100))
    text = "".join(
        piece.text for piece in pieces(document, {"true": (20, 21), "teacher": (70, 70)}, around=2)
    )
    assert text == " ... w18 w19 w20 w21 w22 w23 ... w68 w69 w70 w71 w72 ..."


def test_differing_examples_are_chosen_evenly():
    teacher = [_span(i, i) for i in range(12)]
    student = [_span(i, i + (i % 2)) for i in range(12)]  # differs at odd places
    assert choose(teacher, student, 3) == [1, 5, 9]
    assert choose(teacher, student, 20) == [1, 3, 5, 7, 9, 11]
    assert choose(teacher, teacher, 5) == []


def test_an_example_shows_both_scores_and_its_true_span():
    example = Example(
        "ts_1_0", "ts_1", "Film", DOCUMENT, "when?", "", "", "at night", 16, 24, "r", "fact_table"
    )
    shown = shown_examples([example], [_span(0, 1, 10.0)], [_span(5, 6, 20.0)], 20)
    assert (shown[0]["teacher"]["f1"], shown[0]["student"]["f1"]) == (10.0, 20.0)
    assert "".join(p.text for p in shown[0]["pieces"] if "true" in p.marks) == "at night"
    assert shown[0]["source"] == "fact table"
