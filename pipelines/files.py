"""Files and folders: atomic writing, locks, removal of leftovers, checksums."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Callable, Iterator, List, Union

from pipelines.errors import UserError

PathLike = Union[str, "os.PathLike[str]"]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def _temporary_sibling(path: Path) -> Path:
    # A sibling, because a rename is atomic only within one file system.
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")


def _create_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{path.parent}: cannot create this folder ({error.strerror}); choose another one"
        ) from error


def _disk_full(path: Path, error: OSError) -> UserError:
    if error.errno == errno.EFBIG:
        return UserError(f"{path}: larger than this shell allows a file to be; raise the limit (ulimit -f)")
    return UserError(f"{path}: the disk is full ({error.strerror}); free some space or write elsewhere")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_file(path: PathLike, mode: str = "wb") -> Iterator[IO[Any]]:
    """Open a file for writing that takes its name only once it is complete.

    What killed processes have left of earlier attempts is removed.

    Args:
        path: the final name; missing parent folders are made, an existing file is replaced.
        mode: "wb" or "w" (UTF-8, newlines as written).

    Raises:
        UserError: the file cannot be created, or the disk is full.
    """
    path = Path(path)
    if mode not in ("w", "wb"):
        raise ValueError(f"mode must be 'w' or 'wb', not {mode!r}")
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
    _create_parent(path)
    _remove_earlier_attempts(path)
    temporary = _temporary_sibling(path)
    try:
        file = open(temporary, mode, **text)  # type: ignore[call-overload]
    except OSError as error:
        raise UserError(f"{path}: cannot write this file ({error.strerror}); choose another place") from error
    try:
        try:
            with file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            if error.errno in (*DISK_FULL, errno.EFBIG):
                raise _disk_full(path, error) from error
            raise
    finally:
        temporary.unlink(missing_ok=True)  # gone already after a success


@contextmanager
def atomic_path(path: PathLike) -> Iterator[Path]:
    """Yield the name of a file to write, in an existing folder, which becomes ``path`` once it is complete.

    For writers that open files themselves; others use ``atomic_file``.
    """
    path = Path(path)
    _remove_earlier_attempts(path)
    temporary = _temporary_sibling(path)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # gone already after a success


def check_space(path: Path, size: int) -> None:
    """See that a file of so many bytes can be written, for libraries that crash where it cannot (HDF5).

    Args:
        path: a file that does not exist.
        size: its bytes.

    Raises:
        UserError: the disk is full, or the file would exceed the limit of the shell.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno in (*DISK_FULL, errno.EFBIG):
            raise _disk_full(path, error) from error
        # The file system cannot reserve space: the library finds out for itself.
    finally:
        os.close(handle)
        path.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: PathLike) -> Iterator[Path]:
    """Yield an empty folder to fill, which takes its name only once the block ends without an error.

    An existing folder of that name is replaced as a whole; until then it stays readable. What killed
    processes have left of earlier attempts is removed.

    Raises:
        UserError: the folder cannot be created, or the disk is full.
    """
    path = Path(path)
    _create_parent(path)
    _remove_earlier_attempts(path)
    temporary = _temporary_sibling(path)
    try:
        temporary.mkdir()
    except OSError as error:
        raise UserError(
            f"{path}: cannot create this folder ({error.strerror}); choose another place"
        ) from error
    try:
        try:
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _sync(file)
            _replace_folder(temporary, path)
        except OSError as error:
            if error.errno in (*DISK_FULL, errno.EFBIG):
                raise _disk_full(path, error) from error
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace_folder(source: Path, target: Path) -> None:
    """Rename ``source`` to ``target``, which is moved aside first: a rename replaces only an empty folder."""
    if not target.exists():
        os.rename(source, target)
        return
    aside = _temporary_sibling(target)
    os.rename(target, aside)
    try:
        os.rename(source, target)
    except OSError:
        os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def listed_paths(text: str) -> List[str]:
    """The paths of a list that commas separate. A path that exists may itself contain commas.

    ``~`` at the beginning of a path becomes the home folder, since no shell sees it behind ``--flag=``.
    """
    whole = os.path.expanduser(text)
    if os.path.exists(whole):
        return [whole]
    return [os.path.expanduser(path.strip()) for path in text.split(",") if path.strip()]


def file_sha256(path: PathLike) -> str:
    """SHA-256 of a file's bytes as 64 hex digits, read in pieces.

    Raises:
        UserError: the file is missing or unreadable.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
    except OSError as error:
        raise UserError(f"{path}: cannot read this file ({error.strerror}); check the path") from error
    return digest.hexdigest()


def json_sha256(value: Any) -> str:
    """SHA-256 of a JSON value as 64 hex digits, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextmanager
def exclusive_access(folder: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that only one process has at a time; it is released when the process ends.

    On a file system without locks this does nothing.

    Args:
        folder: an existing folder; the lock is on it.
        wait: called before waiting for another process.
    """
    handle = os.open(folder, os.O_RDONLY)  # of the folder itself, so that no lock file is left behind
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
    finally:
        os.close(handle)


# The names that `atomic_folder` and the others write under: .<final name>.<process>-<random>.tmp
_TEMPORARY = re.compile(r"\.(.+)\.(\d+)-[0-9a-f]{8}\.tmp", re.DOTALL)
IDLE_SECONDS = 600  # the process may be on another machine, where its id means nothing
OLD_SECONDS = 86400  # by then the id may belong to another process


def remove_stale(root: Path, name: str = "") -> Iterator[Path]:
    """Remove temporary files and folders in ``root`` that are no longer written to; yields their paths.

    Args:
        root: may be missing.
        name: final name of those that are removed; by default, all are.
    """
    for path in sorted(root.glob(".*.tmp")):
        match = _TEMPORARY.fullmatch(path.name)
        if not match or (name and match[1] != name):
            continue
        try:
            idle = time.time() - _last_written(path)
        except FileNotFoundError:  # another process has finished or removed it
            continue
        if idle > OLD_SECONDS or (idle > IDLE_SECONDS and not _alive(int(match[2]))):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            yield path


def _remove_earlier_attempts(path: Path) -> None:
    """Remove what killed processes have left of this file or folder."""
    for _ in remove_stale(path.parent, path.name):
        pass


def _last_written(folder: Path) -> float:
    times = [folder.stat().st_mtime]
    for path in folder.rglob("*"):
        try:
            times.append(path.stat().st_mtime)
        except FileNotFoundError:  # renamed by the process that writes it
            times.append(time.time())
    return max(times)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and not ours
        return True
    return True
