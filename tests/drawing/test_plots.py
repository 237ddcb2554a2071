from __future__ import annotations

import json

import numpy as np
import pytest
from matplotlib.image import imread

from holle_tf.drawing.plots import plot_prediction, plot_training, read_metrics
from holle_tf.drawing.strips import pool
from holle_tf.drawing.text_layout import joined_tokens, lay_out
from pipelines.errors import UserError
from pipelines.tokenizer import tokenize


def write_metrics(path, epochs, **extra):
    lines = [
        {"epoch": n, "loss": 5 / (n + 1), "val_loss": 6 / (n + 1), "val_f1": 10.0 * n, **extra}
        for n in epochs
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def shares(path, colour):
    """Share of the pixels that are near an RGB colour (0-255)."""
    pixels = imread(path)[:, :, :3] * 255
    return float((np.abs(pixels - np.array(colour)).max(axis=2) < 30).mean())


def probabilities(doc_len, best):
    probs = np.full(doc_len, 0.1 / max(doc_len - 1, 1))
    probs[best] = 0.9
    return probs


BLUE, VERMILION, GREEN = (0, 114, 178), (213, 94, 0), (26, 127, 55)


def test_training_curves_are_drawn_one_colour_per_run(tmp_path):
    first = read_metrics(write_metrics(tmp_path / "first.jsonl", range(1, 6)))
    other = read_metrics(write_metrics(tmp_path / "other.jsonl", range(1, 3), val_f1=50.0))
    plot_training({"sam $a_b": first}, tmp_path / "first.png")
    plot_training({"sam": first, "qanet": other}, tmp_path / "both.png")
    assert shares(tmp_path / "both.png", BLUE) > 1e-4 and shares(tmp_path / "both.png", VERMILION) > 1e-4
    assert shares(tmp_path / "first.png", VERMILION) == 0


def test_metrics_without_epochs_are_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with pytest.raises(UserError, match="cannot be read"):
        read_metrics(path)
    path.write_text('{"note": "started"}\n')
    with pytest.raises(UserError, match="no finished epoch"):
        read_metrics(path)
    path.write_text('{"epoch": 1, "loss": 2.0}\n\n{"epo')
    with pytest.raises(UserError, match="line 3: not valid JSON"):
        plot_training({"sam": read_metrics(path)}, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_prediction_shows_true_and_predicted_spans(tmp_path):
    tokens = [f"word{n}" for n in range(60)]
    probs = {"student": probabilities(64, 10), "teacher": probabilities(64, 40)}  # 4 of padding
    spans = {"student": (10, 14), "teacher": (40, 45)}
    plot_prediction(tokens, probs, probs, (40, 44), spans, "what costs $5 and $6?", tmp_path / "with.png")
    plot_prediction(tokens, probs, probs, (-1, -1), spans, "what?", tmp_path / "without.png")
    assert shares(tmp_path / "with.png", GREEN) > shares(tmp_path / "without.png", GREEN) == 0
    for colour in (BLUE, VERMILION):
        assert shares(tmp_path / "without.png", colour) > 1e-4


def test_a_long_document_is_cut_to_a_page(tmp_path):
    sizes = []
    for doc_len in (1200, 5000):
        tokens, probs = ["word"] * doc_len, {"student": probabilities(doc_len, 900)}
        plot_prediction(tokens, probs, probs, (900, 905), {"student": (5, 9)}, "what?", tmp_path / "long.png")
        sizes.append(imread(tmp_path / "long.png").shape)
    assert sizes[0] == sizes[1] and sizes[0][0] < 1500


def test_probabilities_have_to_cover_the_document(tmp_path):
    probs = {"student": probabilities(3, 0)}
    with pytest.raises(ValueError, match="student: .* cover 4 tokens"):
        plot_prediction(["a"] * 4, probs, probs, (0, 0), {}, "what?", tmp_path / "out.png")


def test_lines_keep_order_and_width():
    tokens = [f"word{n}" for n in range(50)] + ["x" * 200]
    lines = lay_out(tokens, (5, 51), width=300)
    assert [word.place for line in lines for word in line] == list(range(5, 51))
    assert all(line[0].left == 0 and line[-1].right <= 300 for line in lines[:-1])
    assert all(before.right < after.left for line in lines for before, after in zip(line, line[1:]))
    assert len(lines[-1]) == 1  # the long word has a line to itself


def test_white_space_of_tokens_is_that_of_their_source():
    text = "odd :spacing( kept)"
    joined = joined_tokens(tokenize(text))
    assert joined == [False, False, True, True, False, True]


@pytest.mark.parametrize(
    "words, text",
    [
        ('He said " no " ( twice ) , did n\'t he ?', 'He said "no" (twice), didn\'t he?'),
        (
            "Alien : it cost $ 11 million , Ripley 's crew paid .",
            "Alien: it cost $11 million, Ripley's crew paid.",
        ),
        ('" One " and " two "', '"One" and "two"'),
    ],
)
def test_white_space_of_words_is_guessed(words, text):
    words = words.split()
    assert (
        "".join(word if joined else " " + word for word, joined in zip(words, joined_tokens(words)))[1:]
        == text
    )


def test_pooling_keeps_every_peak_and_its_place():
    probs = np.linspace(0, 0.001, 1201)
    probs[[3, 700, 1200]] = [0.5, 0.9, 0.3]
    cells, size = pool(probs, max_cells=260)
    assert (len(cells), size) == (241, 5)
    assert [cells[place // size] for place in (3, 700, 1200)] == [0.5, 0.9, 0.3]
    short, size = pool(probs[:260], max_cells=260)
    assert size == 1 and (short == probs[:260]).all()
