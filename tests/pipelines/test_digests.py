"""Files that have changed since their digests were recorded are named."""

import pytest

from pipelines.digests import check_digests, digests_of
from pipelines.errors import UserError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "weights").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "words").write_text("a\nb\n")
    return tmp_path


NAMES = ("words", "inner/weights")


def test_files_that_are_as_they_were_pass(folder):
    recorded = digests_of(folder, NAMES)
    assert list(recorded) == sorted(NAMES) and all(len(digest) == 64 for digest in recorded.values())
    check_digests(folder, recorded, "copy it again")


@pytest.mark.parametrize("name", NAMES)
def test_one_flipped_bit_is_found(folder, name):
    recorded = digests_of(folder, NAMES)
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    with pytest.raises(UserError, match=f"{name}: has changed since it was written.*; copy it again.$"):
        check_digests(folder, recorded, "copy it again")


def test_a_missing_file_is_named(folder):
    recorded = digests_of(folder, NAMES)
    (folder / "words").unlink()
    with pytest.raises(UserError, match="words: missing; copy it again.$"):
        check_digests(folder, recorded, "copy it again")
    with pytest.raises(UserError, match="words: cannot read this file"):
        digests_of(folder, NAMES)


def test_folders_from_before_there_were_digests_are_not_checked(folder):
    check_digests(folder, None, "copy it again")


@pytest.mark.parametrize("recorded", [[], "x", 7, {"words": None}])
def test_digests_that_cannot_be_read_are_an_error(folder, recorded):
    with pytest.raises(UserError, match="SHA-256 of its files cannot be read"):
        check_digests(folder, recorded, "copy it again")
