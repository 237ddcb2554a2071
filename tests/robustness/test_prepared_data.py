"""Damaged prepared data: one line of error, or the same examples as before."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.prepare import PreparedData
from pipelines.records import read_examples
from tests.robustness.damage import damaged_bytes
from tests.robustness.fuzzing import REFUSED, answer_of, examples

SPLITS = ("train", "dev", "test")


def content(folder):
    """All that a program reads of prepared data, as values that can be compared."""
    prepared = PreparedData.load(folder)
    records = {split: [asdict(example) for example in read_examples(prepared, split)] for split in SPLITS}
    words = (list(prepared.words.entries), list(prepared.chars.entries))
    return prepared.manifest, words, prepared.embeddings.tobytes(), np.shape(prepared.embeddings), records


@pytest.fixture(scope="module")
def whole(prepared):
    return content(prepared.folder)


def files_of(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


@examples(30)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_makes_no_difference(prepared, whole, fresh_copy, data):
    folder = fresh_copy(prepared.folder)
    path = folder / data.draw(st.sampled_from(files_of(prepared.folder)))
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    found = answer_of(lambda: content(folder))
    assert found is REFUSED or found == whole


@examples(30)
@given(data=st.data())
def test_a_shard_that_is_damaged_after_the_check_gives_no_other_examples(prepared, whole, fresh_copy, data):
    loaded = PreparedData.load(fresh_copy(prepared.folder))
    split = data.draw(st.sampled_from(SPLITS))
    [path] = loaded.shards(split)
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    found = answer_of(lambda: [asdict(example) for example in read_examples(loaded, split)])
    assert found is REFUSED or found == whole[-1][split]
