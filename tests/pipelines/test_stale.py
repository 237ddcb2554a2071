import os
import time

import pytest

from pipelines.files import (
    IDLE_SECONDS,
    OLD_SECONDS,
    atomic_file,
    atomic_folder,
    atomic_path,
    remove_stale,
)

DEAD = 2**22 + 1  # above the largest process number of Linux


def leave(root, name, idle):
    folder = root / name
    folder.mkdir()
    (folder / "file").write_text("half")
    for path in (folder / "file", folder):
        os.utime(path, (time.time() - idle,) * 2)
    return folder


@pytest.mark.parametrize(
    "process, idle, removed",
    [
        (DEAD, IDLE_SECONDS + 60, True),
        (DEAD, IDLE_SECONDS - 60, False),
        (os.getpid(), IDLE_SECONDS + 60, False),
        (os.getpid(), OLD_SECONDS + 60, True),
    ],
    ids=["dead", "dead but recent", "alive", "alive but old"],  # a process id would differ between workers
)
def test_only_what_nobody_writes_is_removed(tmp_path, process, idle, removed):
    folder = leave(tmp_path, f".sd-0123456789.{process}-0a1b2c3d.tmp", idle)
    assert list(remove_stale(tmp_path)) == [folder] * removed
    assert folder.exists() != removed


@pytest.mark.parametrize("name", ["sd-0123456789", ".git", ".notes.tmp", f"x.{DEAD}-0a1b2c3d.tmp"])
def test_other_folders_are_left_alone(tmp_path, name):
    folder = leave(tmp_path, name, 10 * OLD_SECONDS)
    assert list(remove_stale(tmp_path)) == []
    assert folder.exists()


def test_folder_with_a_file_being_written_is_left_alone(tmp_path):
    folder = leave(tmp_path, f".sd-0123456789.{DEAD}-0a1b2c3d.tmp", OLD_SECONDS + 60)
    (folder / "file").write_text("more")
    assert list(remove_stale(tmp_path)) == []


def test_names_of_atomic_folders_are_known(tmp_path):
    with atomic_folder(tmp_path / "sd-0123456789") as temporary:
        for path in [temporary]:
            os.utime(path, (0, 0))
        assert list(remove_stale(tmp_path)) == [temporary]
        temporary.mkdir()


def test_a_file_that_was_left_half_written_is_removed_too(tmp_path):
    old, fresh = (tmp_path / f".x.gz.{DEAD}-0a1b2c3{i}.tmp" for i in range(2))
    for path, idle in ((old, IDLE_SECONDS + 60), (fresh, 0)):
        path.write_text("half")
        os.utime(path, (time.time() - idle,) * 2)
    assert list(remove_stale(tmp_path)) == [old]
    assert not old.exists() and fresh.exists()


def test_an_attempt_removes_what_a_killed_one_has_left(tmp_path):
    old = leave(tmp_path, f".onnx.{DEAD}-0a1b2c3d.tmp", IDLE_SECONDS + 60)
    fresh = leave(tmp_path, f".onnx.{DEAD}-0a1b2c3e.tmp", 0)
    of_another = leave(tmp_path, f".onnx.old.{DEAD}-0a1b2c3d.tmp", OLD_SECONDS + 60)
    with atomic_folder(tmp_path / "onnx"):
        assert not old.exists() and fresh.exists() and of_another.exists()


@pytest.mark.parametrize("opened", [atomic_file, atomic_path])
def test_a_file_that_is_written_again_removes_what_a_killed_process_has_left_of_it(tmp_path, opened):
    old, fresh, of_another = (
        tmp_path / name
        for name in (f".x.{DEAD}-0a1b2c3d.tmp", f".x.{DEAD}-0a1b2c3e.tmp", f".y.{DEAD}-0a1b2c3d.tmp")
    )
    for path, idle in ((old, IDLE_SECONDS + 60), (fresh, 0), (of_another, IDLE_SECONDS + 60)):
        path.write_text("half")
        os.utime(path, (time.time() - idle,) * 2)
    with opened(tmp_path / "x") as target:
        if opened is atomic_path:
            target.write_text("whole")
    assert not old.exists() and fresh.exists() and of_another.exists()
