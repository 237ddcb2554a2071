import numpy as np
import pytest
import tensorflow as tf

from pipelines import dataset as dataset_module
from pipelines.dataset import bucket_of, document_boundaries, features_of, make_dataset, round_up
from pipelines.records import read_examples

STUDENT = ["document", "query", "prober_history", "responder_history"]
TEACHER = ["document", "question", "document_chars", "question_chars"]


def ids_of(dataset):
    """Example ids in the order of the dataset, whose features must have the texts."""
    return [name.decode() for features, _ in dataset for name in features["example_id"].numpy()]


def unpadded(rows):
    return [row[row != 0] for row in rows]


@pytest.fixture
def prepared(make_encoded, make_prepared):
    rng = np.random.default_rng(5)
    return make_prepared(make_encoded(rng.integers(20, 400, 103)), shard_examples=30)


def test_unshuffled_batches_are_in_record_order(prepared):
    dataset = make_dataset(prepared, "train", inputs=["document"], batch_size=8, texts=True)
    expected = [example.example_id for example in read_examples(prepared, "train")]
    assert ids_of(dataset) == expected == [f"e{i}" for i in range(103)]


def test_features_are_the_encoded_texts_padded_with_zeros(make_encoded, make_prepared):
    encoded = make_encoded([40, 7, 70, 33, 1])
    dataset = make_dataset(make_prepared(encoded, 2), "train", inputs=STUDENT + TEACHER[1:], batch_size=5)
    (batch,) = list(dataset)
    features, labels = batch
    expected = features_of(encoded, STUDENT + TEACHER[1:])
    assert set(features) == set(expected)
    for name, values in features.items():
        assert values.dtype == tf.int32
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
    assert features["document"].shape == (5, 96)
    assert features["question_chars"].shape[2] == 4
    assert labels["start"].numpy().tolist() == [example.start for example in encoded]
    assert labels["end"].numpy().tolist() == [example.end for example in encoded]
    for i, example in enumerate(encoded):
        np.testing.assert_array_equal(unpadded(expected["document"])[i], example.document)
        question = np.concatenate([example.query, example.prober_history, example.responder_history])
        np.testing.assert_array_equal(unpadded(expected["question"])[i], question)


def test_empty_history_is_sixteen_zeros(make_encoded, make_prepared):
    encoded = make_encoded([30])
    for suffix in ("", "_chars", "_keys"):
        empty = getattr(encoded[0], "prober_history" + suffix)[:0]
        object.__setattr__(encoded[0], "prober_history" + suffix, empty)
    names = ["prober_history", "prober_history_chars", "prober_history_keys"]
    features, _ = next(iter(make_dataset(make_prepared(encoded), "train", inputs=names, batch_size=1)))
    assert features["prober_history"].shape == (1, 16)
    assert features["prober_history_chars"].shape == (1, 16, 4)
    assert features["prober_history_keys"].shape == (1, 16)
    assert not any(feature.numpy().any() for feature in features.values())
    np.testing.assert_array_equal(features_of(encoded, names)["prober_history"], features["prober_history"])


@pytest.mark.parametrize("static_shapes", [False, True])
def test_each_shuffled_epoch_has_every_example_once_in_another_order(prepared, static_shapes):
    # A divisor of 103 does not exist, so static shapes, which drop the rest, are tried one by one.
    dataset = make_dataset(
        prepared,
        "train",
        inputs=STUDENT,
        batch_size=1 if static_shapes else 8,
        shuffle=True,
        seed=3,
        texts=True,
        static_shapes=static_shapes,
    )
    first, second = ids_of(dataset), ids_of(dataset)
    assert sorted(first) == sorted(second) == sorted(f"e{i}" for i in range(103))
    assert first != second


def test_shuffled_epochs_repeat_with_the_seed_alone(prepared):
    def epochs(seed):
        dataset = make_dataset(
            prepared, "train", inputs=["document"], batch_size=8, shuffle=True, seed=seed, texts=True
        )
        return [ids_of(dataset), ids_of(dataset)]

    assert epochs(1) == epochs(1)
    assert epochs(1)[0] != epochs(2)[0]


def test_one_seed_is_one_order_whatever_is_read(make_encoded, make_prepared, monkeypatch):
    monkeypatch.setattr(dataset_module, "SHUFFLE_BYTES", 200_000)  # fewer than all: their number counts
    encoded = make_encoded(np.random.default_rng(2).integers(20, 400, 90))
    prepared = make_prepared(encoded, 20)

    def order(inputs, extra=None):
        dataset = make_dataset(
            prepared, "train", inputs=inputs, batch_size=5, shuffle=True, extra=extra, limit=60
        )
        return [label for _, labels in dataset for label in labels["start"].numpy().tolist()]

    assert order(STUDENT) == order([*STUDENT, *TEACHER[1:]]) == order(STUDENT, extra_of(prepared, encoded))


@pytest.mark.parametrize("count, batch_size", [(103, 8), (5, 8), (16, 8), (1, 1)])
def test_only_one_batch_of_an_epoch_is_small(make_encoded, make_prepared, count, batch_size):
    prepared = make_prepared(make_encoded(np.random.default_rng(0).integers(1, 900, count)), 40)
    for shuffle in (False, True):
        for drop in (False, True):
            dataset = make_dataset(
                prepared,
                "train",
                inputs=["document"],
                batch_size=batch_size,
                shuffle=shuffle,
                drop_remainder=drop,
            )
            sizes = [len(labels["start"]) for _, labels in dataset]
            rest = [] if drop or not count % batch_size else [count % batch_size]
            assert sorted(sizes) == sorted([batch_size] * (count // batch_size) + rest)
            assert len(sizes) == int(dataset.cardinality())


@pytest.mark.parametrize("low, high", [(100, 300), (500, 1000)])
def test_little_padding_in_few_widths(make_encoded, make_prepared, low, high):
    lengths = np.random.default_rng(1).integers(low, high, 1000)
    prepared = make_prepared(make_encoded(lengths), 500)
    dataset = make_dataset(prepared, "train", inputs=["document"], batch_size=32, shuffle=True)
    documents = [features["document"].numpy() for features, _ in dataset]
    padding = 1 - lengths.sum() / sum(document.size for document in documents)
    assert padding < 0.10
    assert len({document.shape[1] for document in documents}) <= 12


def test_documents_of_a_batch_are_of_similar_length_and_batches_are_mixed(make_encoded, make_prepared):
    prepared = make_prepared(make_encoded(np.random.default_rng(1).integers(100, 300, 640)), 320)
    dataset = make_dataset(prepared, "train", inputs=["document"], batch_size=16, shuffle=True)
    widths = [features["document"].shape[1] for features, _ in dataset]
    assert set(widths) <= set(document_boundaries())
    assert widths != sorted(widths)
    assert len(set(widths[-5:])) > 1 or len(set(widths)) == 1


def test_boundaries_grow_gently():
    boundaries = document_boundaries()
    assert boundaries[:24] == [*range(16, 257, 16), *range(288, 513, 32)]
    assert boundaries[-1] == 20480
    for narrow, wide in zip(boundaries[23:], boundaries[24:]):
        assert wide % 64 == 0
        assert narrow + 64 <= wide <= 1.17 * narrow


@pytest.mark.parametrize(
    "length, width", [(0, 16), (1, 16), (16, 16), (17, 32), (257, 288), (513, 576), (20480, 20480)]
)
def test_bucket_is_the_narrowest_boundary_that_holds_the_document(length, width):
    assert int(bucket_of(tf.constant(length))) == width


def test_bucket_of_a_document_beyond_all_boundaries():
    assert int(bucket_of(tf.constant(20481))) == 20544
    assert int(bucket_of(tf.constant(100_000))) == round_up(100_000, 64)


def test_document_longer_than_all_boundaries_comes_whole(make_encoded, make_prepared):
    encoded = make_encoded([20500, 50, 20600, 60])
    prepared = make_prepared(encoded)
    for shuffle in (False, True):
        dataset = make_dataset(
            prepared, "train", inputs=["document"], batch_size=2, shuffle=shuffle, texts=True
        )
        seen = {}
        for features, _ in dataset:
            assert features["document"].shape[1] % 32 == 0
            names = [name.decode() for name in features["example_id"].numpy()]
            seen.update(zip(names, unpadded(features["document"].numpy())))
        for i, example in enumerate(encoded):
            np.testing.assert_array_equal(seen[f"e{i}"], example.document)


def test_texts_let_a_span_be_cut_from_the_document(prepared):
    dataset = make_dataset(prepared, "train", inputs=["query"], batch_size=10, shuffle=True, texts=True)
    for features, labels in dataset:
        for i, (start, end) in enumerate(zip(labels["start"].numpy(), labels["end"].numpy())):
            document = features["document_text"][i].numpy().decode()
            first = int(features["token_starts"][i, start])
            last = int(features["token_ends"][i, end])
            assert document[first:last] == features["answer"][i].numpy().decode() != ""
        assert features["chat_id"].dtype == tf.string


def extra_of(prepared, encoded, scale=1.0):
    def generate():
        for example in encoded:
            yield {"scores": example.document.astype(np.float32) * scale}

    return tf.data.Dataset.from_generator(
        generate, output_signature={"scores": tf.TensorSpec([None], tf.float32)}
    )


@pytest.mark.parametrize("arguments", [{}, {"shuffle": True}, {"static_shapes": True}, {"shard": (3, 1)}])
def test_extra_stays_with_its_example(make_encoded, make_prepared, arguments):
    encoded = make_encoded(np.random.default_rng(2).integers(20, 400, 50))
    prepared = make_prepared(encoded, 20)
    dataset = make_dataset(
        prepared,
        "train",
        inputs=["document"],
        batch_size=5,
        extra=extra_of(prepared, encoded, scale=0.5),
        limit=45,
        **arguments,
    )
    batches = list(dataset)
    assert batches
    for features, labels in batches:
        np.testing.assert_array_equal(labels["scores"], features["document"].numpy() * 0.5)


def test_extra_that_ends_early_is_an_error(make_encoded, make_prepared):
    encoded = make_encoded([20] * 10)
    prepared = make_prepared(encoded)
    short = extra_of(prepared, encoded[:7])
    with pytest.raises(tf.errors.FailedPreconditionError):
        list(make_dataset(prepared, "train", inputs=["document"], batch_size=2, extra=short))
    known = short.apply(tf.data.experimental.assert_cardinality(7))
    with pytest.raises(ValueError, match="7 elements, train has 10"):
        make_dataset(prepared, "train", inputs=["document"], batch_size=2, extra=known)


def test_extra_of_another_length_than_its_document_is_an_error(make_encoded, make_prepared):
    prepared = make_prepared(make_encoded([20, 30]))
    other = extra_of(prepared, make_encoded([20, 31]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="scores.*is not as long"):
        list(make_dataset(prepared, "train", inputs=["document"], batch_size=2, extra=other))


def test_extra_cannot_replace_the_labels(prepared):
    extra = tf.data.Dataset.range(103).map(lambda i: {"start": tf.zeros([1])})
    with pytest.raises(ValueError, match="start"):
        make_dataset(prepared, "train", inputs=["document"], batch_size=2, extra=extra)


def test_static_shapes_are_one_shape_known_beforehand(prepared):
    dataset = make_dataset(
        prepared, "train", inputs=TEACHER, batch_size=10, shuffle=True, static_shapes=True, texts=True
    )
    features, labels = dataset.element_spec
    longest = prepared.manifest["longest"]
    assert features["document"].shape == (10, round_up(longest["document"], 16))
    assert features["question_chars"].shape == (10, round_up(longest["question"], 16), 4)
    shapes = {tuple(values.shape for values in batch.values()) for batch, _ in dataset}
    assert len(shapes) == 1
    assert sum(1 for _ in dataset) == 10


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_shards_are_disjoint_and_complete(prepared, workers, shuffle):
    parts = [
        ids_of(
            make_dataset(
                prepared,
                "train",
                inputs=["query"],
                batch_size=4,
                shuffle=shuffle,
                texts=True,
                shard=(workers, index),
                limit=77,
            )
        )
        for index in range(workers)
    ]
    assert sorted(sum(parts, [])) == sorted(f"e{i}" for i in range(77))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("limit, expected", [(0, 0), (10, 10), (1000, 103)])
def test_limit_takes_the_first_examples(prepared, limit, expected):
    for shuffle in (False, True):
        dataset = make_dataset(
            prepared, "train", inputs=["query"], batch_size=4, texts=True, limit=limit, shuffle=shuffle
        )
        assert sorted(ids_of(dataset)) == sorted(f"e{i}" for i in range(expected))


def test_unknown_input_is_refused_at_once(prepared):
    with pytest.raises(ValueError, match="'answer'"):
        make_dataset(prepared, "train", inputs=["answer"], batch_size=2)


def test_characters_alone_can_be_asked_for(make_encoded, make_prepared):
    encoded = make_encoded([20, 50])
    names = ["question_chars", "query"]
    prepared = make_prepared(encoded)
    for inputs in (names, names[:1]):
        features, _ = next(iter(make_dataset(prepared, "train", inputs=inputs, batch_size=2)))
        expected = features_of(encoded, inputs)
        assert set(features) == set(inputs)
        for name in inputs:
            np.testing.assert_array_equal(features[name], expected[name])


def test_only_the_taken_examples_come_and_are_counted(make_encoded, make_prepared):
    encoded = make_encoded(np.random.default_rng(4).integers(20, 400, 53))
    prepared = make_prepared(encoded, 20)
    taken = np.arange(53) % 3 != 1
    expected = [f"e{i}" for i in np.flatnonzero(taken)]

    def batches(**options):
        how = {"inputs": ["document"], "batch_size": 8, "texts": True, "taken": taken, **options}
        return make_dataset(prepared, "train", **how)

    assert ids_of(batches()) == expected and int(batches().cardinality()) == -(-len(expected) // 8)
    assert ids_of(batches(limit=9)) == expected[:9]
    assert ids_of(batches(shard=(2, 1))) == expected[1::2]
    shuffled = batches(shuffle=True, seed=3)
    epochs = [ids_of(shuffled), ids_of(shuffled)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(expected) and epochs[0] != epochs[1]
    fixed = batches(shuffle=True, static_shapes=True)
    assert len(ids_of(fixed)) == len(expected) // 8 * 8 == 8 * int(fixed.cardinality())
    # What joins is still one for each record.
    for features, labels in batches(extra=extra_of(prepared, encoded)):
        for name, start in zip(features["example_id"].numpy(), labels["start"].numpy()):
            assert encoded[int(name[1:])].start == start
    with pytest.raises(ValueError, match="taken has the shape"):
        batches(taken=taken[:50])
