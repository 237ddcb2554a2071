from dataclasses import replace

from pipelines.spool import ExampleSpool


def test_examples_come_back_in_order_as_often_as_wanted(tmp_path, make_encoded):
    examples = [encoded.example for encoded in make_encoded([5, 9, 3])]
    examples.insert(2, replace(examples[1], example_id="same document", query="é\0 \U0001f600"))
    spool = ExampleSpool(tmp_path / "spool", examples)
    assert len(spool) == 4
    assert spool.characters == sum(example.characters for example in examples)
    for _ in range(2):
        assert list(spool) == examples


def test_examples_that_follow_each_other_share_their_document(tmp_path, make_encoded):
    (encoded,) = make_encoded([2000])
    turns = (replace(encoded.example, example_id=str(number)) for number in range(50))
    spool = ExampleSpool(tmp_path / "spool", turns)
    read = list(spool)
    assert all(example.document is read[0].document for example in read)
    assert spool.path.stat().st_size < 10 * len(encoded.example.document)


def test_reading_while_another_reading_is_under_way(tmp_path, make_encoded):
    examples = [encoded.example for encoded in make_encoded([5, 9])]
    spool = ExampleSpool(tmp_path / "spool", examples)
    assert list(zip(spool, spool)) == [(example, example) for example in examples]


def test_the_file_is_gone_afterwards(tmp_path, make_encoded):
    spool = ExampleSpool(tmp_path / "spool", [make_encoded([5])[0].example])
    spool.remove()
    assert not list(tmp_path.iterdir())
