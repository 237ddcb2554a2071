import errno
import hashlib
import os
import stat

import pytest

from pipelines.errors import UserError
from pipelines.files import atomic_file, atomic_folder, atomic_path, check_space, file_sha256, listed_paths


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_no_name_until_it_is_complete(tmp_path):
    target = tmp_path / "deep" / "words.txt"
    with atomic_file(target) as file:
        file.write(b"half")
        file.flush()
        assert not target.exists()
    assert target.read_bytes() == b"half"
    assert names(target.parent) == ["words.txt"]


def test_text_is_utf8_and_newlines_stay_as_written(tmp_path):
    with atomic_file(tmp_path / "a", "w") as file:
        file.write("é\r\n\n")
    assert (tmp_path / "a").read_bytes() == "é\r\n\n".encode()


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_file(target) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_file_gets_the_permissions_of_any_other_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    with atomic_file(tmp_path / "atomic") as file:
        file.write(b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "atomic")]
    assert modes[0] == modes[1]


def test_commas_separate_paths_but_not_the_parts_of_one_that_exists(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert listed_paths(f"{tmp_path}/a, b,~/c,") == [f"{tmp_path}/a", "b", "/home/me/c"]
    (tmp_path / "a, b").mkdir()
    assert listed_paths(f"{tmp_path}/a, b") == [f"{tmp_path}/a, b"]
    assert listed_paths("") == []


def test_other_modes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="mode"), atomic_file(tmp_path / "a", "ab"):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_a_full_disk_is_the_users_to_solve(tmp_path, writer):
    with pytest.raises(UserError, match="target: the disk is full"), writer(tmp_path / "target"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_a_limit_on_the_size_of_files_is_the_users_to_raise(tmp_path, writer):
    with (
        pytest.raises(UserError, match="target: larger than this shell allows.*ulimit -f"),
        writer(tmp_path / "target"),
    ):
        raise OSError(errno.EFBIG, "File too large")
    assert names(tmp_path) == []


def test_too_little_space_is_found_before_a_library_writes(tmp_path, monkeypatch):
    check_space(tmp_path / "weights", 10_000)
    assert names(tmp_path) == []
    for number, said in ((errno.ENOSPC, "the disk is full"), (errno.EFBIG, "ulimit -f")):

        def refuse(handle, begin, size, number=number):
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(UserError, match=f"weights: .*{said}"):
            check_space(tmp_path / "weights", 10_000)
        assert names(tmp_path) == []


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_other_system_errors_of_the_block_pass_through(tmp_path, writer):
    with pytest.raises(FileNotFoundError), writer(tmp_path / "target"):
        (tmp_path / "missing").read_bytes()
    assert names(tmp_path) == []


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_a_place_that_cannot_be_written_is_named(tmp_path, writer):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"), writer(tmp_path / "file" / "target"):
        pass


def test_a_folder_appears_whole(tmp_path):
    target = tmp_path / "prepared"
    with atomic_folder(target) as folder:
        (folder / "shards").mkdir()
        (folder / "shards" / "0").write_text("x")
        assert not target.exists()
        assert folder.parent == target.parent
    assert (target / "shards" / "0").read_text() == "x"
    assert names(tmp_path) == ["prepared"]


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "prepared"
    target.mkdir()
    (target / "old").write_text("")
    with atomic_folder(target) as folder:
        (folder / "new").write_text("")
        assert names(target) == ["old"]
    assert names(target) == ["new"]
    assert names(tmp_path) == ["prepared"]


def test_a_failed_folder_leaves_the_old_one(tmp_path):
    target = tmp_path / "prepared"
    target.mkdir()
    (target / "old").write_text("")
    with pytest.raises(RuntimeError), atomic_folder(target) as folder:
        (folder / "new").write_text("")
        raise RuntimeError
    assert names(target) == ["old"]
    assert names(tmp_path) == ["prepared"]


def test_the_checksum_is_that_of_the_content(tmp_path):
    content = os.urandom((1 << 20) + 17)  # more than one piece
    (tmp_path / "a").write_bytes(content)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    with pytest.raises(UserError, match="missing"):
        file_sha256(tmp_path / "missing")


def test_a_path_that_others_write_to_has_its_name_once_it_is_complete(tmp_path):
    target = tmp_path / "shard.gz"
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert names(tmp_path) == []
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert names(tmp_path) == ["shard.gz"] and target.read_bytes() == b"whole"
