import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.glove import embedding_matrix, read_glove
from pipelines.vocabulary import Vocabulary

LINES = "the 0.5 -1 2e-1\nfilm 1 2 3\n. . . 7 8 9\n\u00a0x\x85y 4 5 6\nthe 9 9 9\n"


def written(tmp_path, name="glove.txt", content=LINES):
    path = tmp_path / name
    raw = content.encode("utf-8")
    path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return str(path)


@pytest.mark.parametrize("name", ["glove.txt", "glove.txt.gz"])
def test_only_wanted_words_are_read(tmp_path, name):
    vectors = read_glove(written(tmp_path, name), {"the", "unheard"}, 3)
    assert set(vectors) == {"the"}
    assert vectors["the"].dtype == np.float32
    np.testing.assert_array_equal(vectors["the"], np.float32([0.5, -1, 0.2]))  # and not the repeated line


def test_words_may_hold_spaces_of_any_kind(tmp_path):
    vectors = read_glove(written(tmp_path), {".", ". . .", "\u00a0x\x85y"}, 3)
    assert {word: vector.tolist() for word, vector in vectors.items()} == {
        ". . .": [7, 8, 9],
        "\u00a0x\x85y": [4, 5, 6],
    }


def test_carriage_returns_and_a_missing_last_newline_do_no_harm(tmp_path):
    path = written(tmp_path, content="the 1 2 3\r\nfilm 4 5 6")
    assert {word: list(vector) for word, vector in read_glove(path, {"the", "film"}, 3).items()} == {
        "the": [1, 2, 3],
        "film": [4, 5, 6],
    }


def test_a_count_and_dimension_header_is_skipped(tmp_path):
    path = written(tmp_path, content="1 3\nthe 1 2 3\n")
    assert list(read_glove(path, {"the", "1"}, 3)) == ["the"]


@pytest.mark.parametrize("separators", [("\t", "\t"), ("\t", " ")])
def test_columns_may_be_separated_by_tabs(tmp_path, separators):
    rows = [("the", "0.5", "-1", "2e-1"), ("film", "1", "2", "3")]
    content = "".join(word + separators[0] + separators[1].join(numbers) + "\n" for word, *numbers in rows)
    vectors = read_glove(written(tmp_path, content=content), {"the", "film"}, 3)
    assert {word: vector.tolist() for word, vector in vectors.items()} == {
        "the": [0.5, -1, pytest.approx(0.2)],
        "film": [1, 2, 3],
    }
    for dim in (2, 4):
        with pytest.raises(UserError, match=f"vectors of 3 numbers, not {dim}"):
            read_glove(written(tmp_path, content=content), {"the", "film"}, dim)


def test_the_first_word_may_hold_spaces(tmp_path):
    path = written(tmp_path, content="new york 1 2 3\nfilm 4 5 6\n")
    assert read_glove(path, {"film"}, 3)["film"].tolist() == [4, 5, 6]


def zipped(tmp_path, members):
    path = tmp_path / "glove.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


def test_the_member_of_the_right_dimension_is_read(tmp_path):
    path = zipped(
        tmp_path,
        {
            "__MACOSX/._glove.3d.txt": "junk",
            "glove.13d.txt": "the " + "0 " * 12 + "0\n",
            "glove.3d.txt": LINES,
            "glove.2d.txt": "the 1 2\n",
        },
    )
    assert read_glove(path, {"film"}, 3)["film"].tolist() == [1, 2, 3]
    assert read_glove(path, {"the"}, 2)["the"].tolist() == [1, 2]
    with pytest.raises(UserError, match=r"no 5-dimensional vectors.*glove.2d.txt.*data.word_dim"):
        read_glove(path, {"the"}, 5)


def test_a_zip_of_one_file_needs_no_telling_name(tmp_path):
    assert read_glove(zipped(tmp_path, {"vectors.txt": LINES}), {"film"}, 3)["film"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "content, complaint",
    [
        ("the 1 2\nfilm 1 2\n", "vectors of 2 numbers, not 3.*data.word_dim=2"),
        ("the,1,2,3\nfilm,1,2,3\n", "line 1: no numbers behind the word"),
        ("<!DOCTYPE html>\n<html>\n", "line 1: no numbers behind the word"),
        ("1 300\nthe 1 2 3\n", "vectors of 300 numbers, not 3"),
        ("the 1 2 3\nfilm 1 2\n", "line 2: .*fewer than 3"),
        ("the 1 2 3\nother 1 2\n", "line 2: .*fewer than 3"),
        ("the 1 2 3\nfilm 1 x 3\n", "line 2: .*not a number"),
        ("the 1 2 3\nfilm 1 nan 3\n", "line 2: .*not finite"),
        ("the 1 2 3\nfilm 1 1e39 3\n", "line 2: .*not finite"),  # as float32
        ("", "no vectors"),
        ("\n", "fewer than 3"),
    ],
)
def test_broken_files_are_named(tmp_path, content, complaint):
    with pytest.raises(UserError, match=f"glove.txt.*{complaint}"):
        read_glove(written(tmp_path, content=content), {"the", "film"}, 3)


def test_a_missing_and_a_cut_off_file_are_named_and_a_false_archive_is_read(tmp_path):
    with pytest.raises(UserError, match="none.txt: cannot read"):
        read_glove(str(tmp_path / "none.txt"), {"the"}, 3)
    cut = Path(written(tmp_path, "cut.txt.gz", "".join(f"w{n} {n} 1 2\n" for n in range(9999))))
    cut.write_bytes(cut.read_bytes()[:-9000])
    with pytest.raises(UserError, match="cut.txt.gz: the compressed file is cut off"):
        read_glove(str(cut), {"the"}, 3)
    text = Path(written(tmp_path, "plain.txt"))
    false = text.rename(tmp_path / "false.zip")
    assert "the" in read_glove(str(false), {"the"}, 3)


def test_rows_follow_the_vocabulary_and_the_special_ones_are_zero():
    words = Vocabulary(["film", "unheard", "the"])
    vectors = {"the": np.float32([1, 2, 3]), "film": np.float32([4, 5, 6]), "<unk>": np.float32([7, 8, 9])}
    matrix = embedding_matrix(words, vectors, 3, seed=1)
    assert matrix.shape == (5, 3) and matrix.dtype == np.float32
    assert not matrix[:2].any()
    assert matrix[2].tolist() == [4, 5, 6] and matrix[4].tolist() == [1, 2, 3]
    assert matrix[3].any()


def test_vectors_to_learn_are_small_and_depend_on_the_seed():
    words = Vocabulary(map(str, range(1000)))
    matrix = embedding_matrix(words, {}, 10, seed=1)
    assert abs(matrix[2:].mean()) < 0.01 and 0.05 < matrix[2:].std() < 0.2
    np.testing.assert_array_equal(matrix, embedding_matrix(words, {}, 10, seed=1))
    assert (matrix != embedding_matrix(words, {}, 10, seed=2)).any()


def binary(words, dim=3, between=b"\n"):
    rows = [word.encode() + b" " + np.arange(dim, dtype="<f4").tobytes() + between for word in words]
    return f"{len(words)} {dim}\n".encode() + b"".join(rows)


@pytest.mark.parametrize("between", [b"\n", b""])
@pytest.mark.parametrize("packed", [False, True])
def test_the_binary_format_of_word2vec(tmp_path, between, packed):
    content = binary(["the", "fílm", "x"], between=between)
    path = tmp_path / "vectors.bin"
    path.write_bytes(gzip.compress(content) if packed else content)
    vectors = read_glove(str(path), {"fílm", "x", "unheard"}, 3)
    assert {word: list(vector) for word, vector in vectors.items()} == {"fílm": [0, 1, 2], "x": [0, 1, 2]}
    with pytest.raises(UserError, match="vectors of 3 numbers, not 4"):
        read_glove(str(path), {"x"}, 4)


@pytest.mark.parametrize(
    "content, problem",
    [
        (binary(["the", "film"])[:-4], "word 2: cut off"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0" * 9, "a model of fastText.* take its .vec file"),
        (b"a" * (1 << 20), "line 1: too long"),
    ],
)
def test_other_binary_files_are_named(tmp_path, content, problem):
    path = tmp_path / "vectors.bin"
    path.write_bytes(content)
    with pytest.raises(UserError, match=problem):
        read_glove(str(path), {"the"}, 3)


def test_the_content_says_what_is_compressed_and_not_the_name(tmp_path):
    zipped = tmp_path / "crawl.vec.gz"
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("crawl.vec", "1 3\nthe 1 2 3\n")
    packed = tmp_path / "glove.zip"
    packed.write_bytes(gzip.compress(b"the 1 2 3\n"))
    for path in (zipped, packed):
        assert list(read_glove(str(path), {"the"}, 3)["the"]) == [1, 2, 3]


def test_a_byte_order_mark_and_blank_lines_are_left_out(tmp_path):
    path = written(tmp_path, content="\ufeffthe 1 2 3\r\n\r\nfilm 4 5 6\n \n")
    assert set(read_glove(path, {"the", "film"}, 3)) == {"the", "film"}
