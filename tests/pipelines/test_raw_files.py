import bz2
import codecs
import gzip
import io
import lzma

import pytest

from pipelines import raw_files
from pipelines.errors import UserError
from pipelines.raw_files import lines_of, opened_bytes, read_text

TEXT = '{"film": "Amélie 🎬"}\n{"a": 1}\n'
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": codecs.BOM_UTF8 + TEXT.encode(),
    "UTF-16, little": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-16 without a mark, little": TEXT.encode("utf-16-le"),
    "UTF-16 without a mark, big": TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "UTF-32 without a mark, little": TEXT.encode("utf-32-le"),
    "UTF-32 without a mark, big": TEXT.encode("utf-32-be"),
}


@pytest.fixture(params=["chat.json", "chat.json.gz"])
def name(request):
    return request.param


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("encoding", ENCODED)
def test_the_content_says_how_to_read_a_file_and_not_its_name(tmp_path, name, encoding, packed):
    path = tmp_path / name
    path.write_bytes(gzip.compress(ENCODED[encoding]) if packed else ENCODED[encoding])
    assert read_text(path) == TEXT
    with opened_bytes(path) as file:
        assert b"".join(lines_of(file, path)).decode() == TEXT
    with opened_bytes(path) as file:
        assert len(list(lines_of(file, path))) == 2


@pytest.mark.parametrize(
    "begin", [b"\0{", b"{\0", b"\0\0{a", b"\0\0\0{", b"{\0\0\0", b"{\0\0a", b"\0\0\0\0", b"\0{\0\0"]
)
def test_damaged_bytes_at_the_beginning_do_not_change_how_the_rest_is_read(begin):
    lines = list(lines_of(io.BytesIO(begin + b"bc\n" + TEXT.encode()), "chats"))
    assert b"".join(lines[1:]).decode() == TEXT


def test_lines_end_at_line_feeds_alone():
    text, found = "a\u2028b\x85c\r\nd", ["a\u2028b\x85c\r\n", "d"]
    for content in (text.encode(), text.encode("utf-16")):
        assert [line.decode() for line in lines_of(io.BytesIO(content), "chats")] == found


@pytest.mark.parametrize("content", [b"", b"1", b"[]"])
def test_short_files(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    assert read_text(path) == content.decode()


@pytest.mark.parametrize(
    "content, problem",
    [
        (b"PK\x03\x04...", "this is a zip; unpack it"),
        (gzip.compress(gzip.compress(b"[]", mtime=0), mtime=0), "gzip within gzip"),
        (bz2.compress(b"[]"), "a bzip2 file"),
        (lzma.compress(b"[]"), "an xz file"),
        (b"PAR1\x15\x04", "a Parquet file; write its records"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS, not the file"),
        (b"\n <!DOCTYPE HTML>", "a web page, not the file; download the file itself"),
        (gzip.compress(b"[1, 2]" * 99, mtime=0)[:-9], "cut off or damaged"),
        ('"é"'.encode("latin-1"), "not UTF-8 text"),
        (codecs.BOM_UTF16_LE + b"a", "not UTF-8 text"),
    ],
)
def test_other_files_are_named(tmp_path, content, problem):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"a.json: .*{problem}"):
        read_text(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_long_line_is_not_read_to_its_end(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(raw_files, "MOST_OF_A_LINE", 100)
    file = io.BytesIO(("a\n" + "b" * 1_000_000).encode(encoding))
    with pytest.raises(UserError, match="chats, line 2: longer than 100 bytes"):
        list(lines_of(file, "chats"))


def test_a_long_text_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(raw_files, "MOST_OF_A_FILE", 100)
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"b" * 101))
    with pytest.raises(UserError, match="more than 100 characters"):
        read_text(path)


@pytest.mark.parametrize("damaged", [b"\0", b"[\0", b"{\0"])
def test_a_zero_at_the_beginning_does_not_make_a_file_utf_16(damaged):
    lines = damaged + b'{"a": 1}\n{"a": 2}\n'
    assert list(lines_of(io.BytesIO(lines), "chats"))[1] == b'{"a": 2}\n'
