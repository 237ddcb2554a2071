import numpy as np
import pytest

from holle_tf.evaluate.conicity import conicity


def _naive(vectors):
    mean = sum(vectors) / len(vectors)
    cosines = [np.dot(v, mean) / np.linalg.norm(v) / np.linalg.norm(mean) for v in vectors]
    return sum(cosines) / len(cosines)


def test_it_is_the_mean_over_conversations_of_the_mean_cosine_with_their_raw_mean():
    rng = np.random.default_rng(0)
    vectors, chats = rng.normal(size=(9, 5)) * rng.uniform(1, 9, (9, 1)), list("aabbbcaca")
    of_chat = {chat: [v for v, c in zip(vectors, chats) if c == chat] for chat in "abc"}
    found = conicity(list(vectors), chats)
    assert found.value == pytest.approx(np.mean([_naive(of_one) for of_one in of_chat.values()]))
    assert (found.conversations, found.excluded) == (3, 0)


def test_a_conversation_of_one_example_is_left_out_and_counted():
    found = conicity([np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([5.0, 5.0])], ["a", "a", "b"])
    assert found.value == pytest.approx(np.sqrt(0.5))
    assert (found.conversations, found.excluded) == (1, 1)
    assert np.isnan(conicity([np.ones(2)], ["a"]).value)


def test_shorter_vectors_are_padded_with_zeros():
    found = conicity([np.array([3.0, 4.0]), np.array([3.0, 4.0, 0.0])], ["a", "a"])
    assert found.value == pytest.approx(1.0)


def test_as_many_conversations_as_vectors_are_wanted():
    with pytest.raises(ValueError, match="1 vectors of 2 examples"):
        conicity([np.ones(2)], ["a", "b"])
