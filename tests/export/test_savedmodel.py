import json
import types

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.evaluate.predictor import Predictor
from holle_tf.export.savedmodel import export_savedmodel
from holle_tf.models.layers.masking import masked_softmax
from holle_tf.models.sam import INPUTS
from holle_tf.options.export import ExportConfig
from pipelines.dataset import features_of
from pipelines.encoding import encode
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.vocabulary import Vocabulary

TEXTS = {
    "document": ["The film — a “café” — was GOOD; it's 2.8 long, I don't know.", "good", "", "Film film it"],
    "query": ["Was it good?", "the the the the the the the the the it", "do you", ""],
    "prober_history": ["", "I do n't know. I do n't", "it", "you"],
    "responder_history": ["It was.", "", "film", ""],
}
CONSTANTS = {name: tf.constant(texts) for name, texts in TEXTS.items()}
STOCK = """
import sys, json
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
texts = {name: tf.constant(value) for name, value in json.load(open(sys.argv[2])).items()}
spans = model.signatures["serving_default"](**texts)["span"].numpy()
print(json.dumps([span.decode() for span in spans]))
"""


@pytest.fixture(scope="module", params=[False, True], ids=["sam", "sam_match"])
def saved(request, make_student, tmp_path_factory):
    """A student, its SavedModel, and that loaded."""
    student = make_student(request.param)
    folder = tmp_path_factory.mktemp("export")
    export_savedmodel(student, folder, ExportConfig())
    signatures = tf.saved_model.load(str(folder / "1")).signatures
    return types.SimpleNamespace(student=student, path=folder / "1", signatures=signatures)


def _spans_of_python(student):
    """What ``--mode=predict`` answers: pipelines and Keras."""
    limits = student.limits
    words, chars = Vocabulary(student.words[2:]), Vocabulary([])
    config = DataConfig(max_query_words=limits.query_words, max_history_words=limits.history_words)
    predictor = Predictor(student.model, limits.span_words, limits.n_best)
    none = {edge: np.array([-1], np.int32) for edge in ("start", "end")}
    found = []
    for row in range(len(TEXTS["document"])):
        texts = {name: TEXTS[name][row] for name in INPUTS}
        no_answer = dict(
            answer="", answer_start=0, answer_end=0, response="", source="unknown", has_answer=False
        )
        example = Example("e", "c", "", **texts, **no_answer)
        encoded = encode(example, words, chars, config)
        if not len(encoded.document):
            found.append([])
            continue
        best = predictor.decode(features_of([encoded], student.inputs), none)
        found.append(
            [
                (int(encoded.token_starts[i]), int(encoded.token_ends[j]), float(score))
                for i, j, score in zip(best["start"][0], best["end"][0], best["score"][0])
                if score > 0
            ]
        )
    return found


def test_spans_are_those_of_predict(saved):
    found = saved.signatures["serving_default"](**CONSTANTS)
    for row, expected in enumerate(_spans_of_python(saved.student)):
        document = TEXTS["document"][row]
        for n in range(saved.student.limits.n_best):
            start, end, score = expected[n] if n < len(expected) else (0, 0, 0.0)
            assert found["n_best_start_char"][row, n] == start
            assert found["n_best_end_char"][row, n] == end
            assert found["n_best_span"][row, n].numpy().decode() == document[start:end]
            assert found["n_best_score"][row, n].numpy() == pytest.approx(score, abs=1e-6)
    for name in ("span", "start_char", "end_char", "score"):
        np.testing.assert_array_equal(found[name], found[f"n_best_{name}"][:, 0])
    assert found["span"][2].numpy() == b"" and found["score"][2] == 0


def test_explain_gives_the_probabilities_of_every_word(saved):
    signatures = saved.signatures
    found, served = signatures["explain"](**CONSTANTS), signatures["serving_default"](**CONSTANTS)
    for name, value in served.items():
        np.testing.assert_array_equal(found[name], value)
    counts = found["token_count"].numpy()
    assert counts[1] == 1 and counts[2] == 0
    for row, count in enumerate(counts):
        starts, ends = found["token_starts"][row].numpy(), found["token_ends"][row].numpy()
        assert (starts[:count] < ends[:count]).all() and not starts[count:].any() and not ends[count:].any()
        for edge in ("start", "end"):
            likely = found[f"{edge}_probabilities"][row].numpy()
            assert likely[:count].sum() == pytest.approx(float(count > 0), abs=1e-5)
            assert not likely[count:].any()
    document = TEXTS["document"][1]
    assert document[int(found["token_starts"][1, 0]) : int(found["token_ends"][1, 0])] == "good"


def test_token_ids_give_the_probabilities_of_keras(saved, given, ids):
    inputs = given(saved.student)
    lengths = {f"{name}_length": tf.constant((v > 0).sum(1), tf.int32) for name, v in ids.items()}
    constants = {name: tf.constant(values) for name, values in inputs.items()}
    found = saved.signatures["tokens"](**constants, **lengths)
    outputs = saved.student.model(inputs)
    for edge in ("start", "end"):
        expected = masked_softmax(outputs[f"{edge}_logits"], outputs["document_mask"])
        np.testing.assert_allclose(found[f"{edge}_probabilities"], expected, atol=2e-6)


@pytest.mark.parametrize("sharing", ["all", "none", "context"])
@pytest.mark.parametrize(("cell", "interaction"), [("gru", "mul"), ("lstm", "add")])
def test_the_stock_model_is_the_student(make_student, match, given, cell, interaction, sharing):
    student = make_student(match, cell=cell, interaction=interaction, encoder_sharing=sharing, layers=1)
    inputs = given(student)
    found, expected = student.stock_model()(inputs), student.model(inputs)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=2e-5)


def test_the_stock_model_of_a_student_with_learned_vectors_is_the_student(make_student, match, given):
    student = make_student(match, learned_vectors=True)
    inputs = given(student)
    found, expected = student.stock_model()(inputs), student.model(inputs)
    np.testing.assert_allclose(found["start_logits"], expected["start_logits"], rtol=1e-5, atol=2e-5)


def test_what_stands_behind_the_length_is_not_read(saved, given, ids):
    tokens = saved.signatures["tokens"]
    lengths = {f"{name}_length": tf.constant((values > 0).sum(1), tf.int32) for name, values in ids.items()}
    inputs = given(saved.student)
    littered = {name: tf.constant(np.where(values == 0, 5, values)) for name, values in inputs.items()}
    clean = tokens(**{name: tf.constant(values) for name, values in inputs.items()}, **lengths)
    found = tokens(**littered, **lengths)
    np.testing.assert_array_equal(found["start_probabilities"], clean["start_probabilities"])


def test_it_answers_where_this_package_is_not(saved, without_package, tmp_path):
    (tmp_path / "stock.py").write_text(STOCK)
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
    spans = json.loads(without_package(tmp_path / "stock.py", saved.path, tmp_path / "texts.json"))
    expected = _spans_of_python(saved.student)
    assert spans == [d[e[0][0] : e[0][1]] if e else "" for d, e in zip(TEXTS["document"], expected)]


def test_it_holds_no_path_no_optimizer_and_no_code_of_ours(saved):
    files = [path for path in saved.path.rglob("*") if path.is_file()]
    contents = b"".join(path.read_bytes() for path in files)
    for word in (
        str(saved.path.parent).encode(),
        b"holle_tf",
        b"/site-packages",
        b"PyFunc",
        b"Adam",
        b"teacher",
    ):
        assert word not in contents


def test_fewer_words_and_half_floats_make_it_smaller_and_still_answer(make_student, tmp_path):
    student = make_student()
    small = student.shrunk(ExportConfig(float16_embeddings=True, max_words=6, hash_buckets=3))
    assert small.words == student.words[:8] and small.vectors.shape == (11, 8)
    assert small.vectors.dtype == np.float16
    export_savedmodel(small, tmp_path, ExportConfig())
    found = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"](**CONSTANTS)
    assert found["span"][0].numpy().decode() in TEXTS["document"][0] and found["score"][0] > 0
    assert len((tmp_path / "1/assets/vocab.txt").read_text().splitlines()) == 8


def test_pruned_words_still_match_by_their_spelling_and_not_by_their_bucket(make_student, tmp_path):
    student = make_student(match=True)
    small = student.shrunk(ExportConfig(max_words=4, hash_buckets=1))  # all others share a bucket
    export_savedmodel(small, tmp_path, ExportConfig())
    answer = tf.saved_model.load(str(tmp_path / "1")).signatures["explain"]
    empty, likely = tf.constant([""]), []
    for query in ("zebra", "giraffe", "elephant"):
        texts = {"document": tf.constant(["the zebra, the giraffe"]), "query": tf.constant([query])}
        found = answer(**texts, prober_history=empty, responder_history=empty)
        likely.append(found["start_probabilities"].numpy())
    # To the model, the three queries differ in nothing but what they match.
    assert np.abs(likely[0] - likely[1]).max() > 1e-4 and np.abs(likely[0] - likely[2]).max() > 1e-4


def test_a_pruned_word_is_looked_up_in_the_bucket_of_its_hash(make_student):
    student = make_student()
    shrunk = student.shrunk(ExportConfig(max_words=len(student.words) - 3, hash_buckets=1))
    np.testing.assert_allclose(
        shrunk.vectors[-1], student.vectors[-1], rtol=1e-6
    )  # the only word in the only one
    with pytest.raises(UserError, match="max_words"):
        student.shrunk(ExportConfig(hash_buckets=4))
