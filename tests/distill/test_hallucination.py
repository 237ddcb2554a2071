import numpy as np
import pytest
import tensorflow as tf

from holle_tf.distill.hallucination import HALLUCINATED, reorder, with_hallucinations

WIDTHS = {"document": 20, "query": 8, "prober_history": 6, "responder_history": 6}
LENGTHS = {
    "document": (20, 7, 1),
    "query": (8, 3, 1),
    "prober_history": (0, 6, 2),
    "responder_history": (5, 0, 0),
}


def _features():
    rng = np.random.default_rng(0)
    texts = {
        name: np.where(
            np.arange(width) < np.array(LENGTHS[name])[:, None], rng.integers(1, 99, (3, width)), 0
        )
        for name, width in WIDTHS.items()
    }
    joined = np.zeros((3, 24), np.int64)
    for row in range(3):
        words = np.concatenate([texts[name][row][texts[name][row] > 0] for name in list(WIDTHS)[1:]])
        joined[row, : len(words)] = words
    texts["question"] = joined
    for name in ("document", "question"):
        texts[f"{name}_chars"] = np.stack([texts[name], texts[name] * 3], axis=-1)
    for name in WIDTHS:
        texts[f"{name}_keys"] = texts[name] * 7
    return {name: tf.constant(text, tf.int32) for name, text in texts.items()}


def test_every_text_keeps_its_words_and_its_padding():
    features = _features()
    found = reorder(features, tf.constant([1, 2]))
    assert set(found) == set(features)
    for name in (*WIDTHS, "question"):
        np.testing.assert_array_equal(np.sort(found[name], 1), np.sort(features[name], 1))
        np.testing.assert_array_equal(found[name].numpy() > 0, features[name].numpy() > 0)
    assert (found["document"].numpy()[0] != features["document"].numpy()[0]).any()


def test_characters_and_keys_go_with_their_words_and_the_question_is_still_its_parts():
    found = {name: text.numpy() for name, text in reorder(_features(), tf.constant([3, 4])).items()}
    for name in ("document", "question"):
        np.testing.assert_array_equal(found[f"{name}_chars"][..., 0], found[name])
        np.testing.assert_array_equal(found[f"{name}_chars"][..., 1], found[name] * 3)
    for name in WIDTHS:
        np.testing.assert_array_equal(found[f"{name}_keys"], found[name] * 7)
    for row in range(3):
        parts = [found[name][row][found[name][row] > 0] for name in list(WIDTHS)[1:]]
        question = found["question"][row]
        np.testing.assert_array_equal(np.concatenate(parts), question[question > 0])


def _orders(seed, share=1.0):
    """The hallucinated documents of two epochs, as fit sees them: two iterators of one dataset."""
    labels = {"start": tf.constant([0, 1, 0]), "end": tf.constant([0, 1, 0])}
    drawn = with_hallucinations(tf.data.Dataset.from_tensors((_features(), labels)), share, seed)
    assert int(drawn.cardinality()) == 1
    return [next(iter(drawn))[0][f"{HALLUCINATED}document"].numpy() for _ in range(2)]


def test_the_null_position_stays_in_front_of_the_document():
    features = _features()
    plain, found = (reorder(features, tf.constant([3, 4]), null) for null in (False, True))
    for name in ("document", "document_keys", "document_chars"):
        if name in found:
            np.testing.assert_array_equal(found[name][:, 0], features[name][:, 0])
    assert (np.sort(found["document"]) == np.sort(features["document"])).all()
    assert not np.array_equal(plain["document"][:, 0], features["document"][:, 0])


def test_epochs_differ_and_a_seed_decides_them():
    first, second = _orders(0)
    again = _orders(0)
    np.testing.assert_array_equal(first, again[0])
    np.testing.assert_array_equal(second, again[1])
    assert (first != second).any()
    assert (first != _orders(1)[0]).any()


@pytest.mark.parametrize(("share", "count"), [(1.0, 3), (0.5, 2), (0.1, 1)])
def test_a_share_takes_the_first_examples_rounded_up(share, count):
    assert _orders(0, share)[0].shape[0] == count
