"""What the tests of both teachers read."""

import numpy as np
import pytest
import tensorflow as tf

ROWS, DOCUMENT, QUESTION, WORD_CHARS = 3, 11, 5, 4
WORDS, CHARS = 40, 9  # in the vocabularies


@pytest.fixture
def features():
    """Random ids of three examples; a document and a question are shorter than the others."""
    rng = np.random.default_rng(0)
    features = {
        "document": rng.integers(1, WORDS, (ROWS, DOCUMENT)),
        "question": rng.integers(1, WORDS, (ROWS, QUESTION)),
    }
    features["document"][0, 8:] = 0
    features["question"][1, 2:] = 0
    for text in ("document", "question"):
        chars = rng.integers(1, CHARS, (*features[text].shape, WORD_CHARS))
        features[f"{text}_chars"] = chars * (features[text] > 0)[..., None]
    # The question is query, prober history and responder history joined.
    features["query"], features["prober_history"] = features["question"][:, :2], features["question"][:, 2:3]
    return {name: ids.astype(np.int32) for name, ids in features.items()}


@pytest.fixture
def padded(features):
    """The same examples, wider by six words, and words by six characters."""
    widths = {name: ((0, 0), (0, 6), (0, 6)) if "chars" in name else ((0, 0), (0, 6)) for name in features}
    return {name: np.pad(ids, widths[name]) for name, ids in features.items()}


@pytest.fixture
def policy(request):
    tf.keras.mixed_precision.set_global_policy(request.param)
    yield request.param
    tf.keras.mixed_precision.set_global_policy("float32")
