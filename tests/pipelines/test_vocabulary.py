from collections import Counter

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.vocabulary import PAD, UNK, Vocabulary, build_char_vocabulary, build_word_vocabulary


def test_padding_and_unknown_come_first():
    words = Vocabulary(["film", "the"])
    assert (words.id("<pad>"), words.id("<unk>")) == (PAD, UNK) == (0, 1)
    assert [words[number] for number in range(len(words))] == ["<pad>", "<unk>", "film", "the"]
    assert list(words.entries) == ["<pad>", "<unk>", "film", "the"]
    assert "film" in words and "plot" not in words


def test_ids_are_int32_and_unknown_where_not_known():
    words = Vocabulary(["film", "the"])
    ids = words.ids(["the", "plot", "film"])
    assert ids.dtype == np.int32 and ids.tolist() == [3, UNK, 2]
    assert words.ids([]).dtype == np.int32 and words.ids([]).shape == (0,)
    assert words.id("plot") == UNK


def test_an_entry_twice_is_refused():
    with pytest.raises(ValueError, match="'film'"):
        Vocabulary(["film", "film"])
    with pytest.raises(ValueError, match="<unk>"):
        Vocabulary(["<unk>"])


def test_any_character_survives_the_file(tmp_path):
    entries = ["\n", "\r", "\u2028", "\x85", "\x1c", "\0", '"', "\\", " ", "", "é", "😀", "\ud800", "a\tb"]
    path = tmp_path / "vocab.txt"
    Vocabulary(entries).save(path)
    assert list(Vocabulary.load(path).entries[2:]) == entries
    lines = path.read_text().split("\n")
    assert lines[0] == '"<pad>"' and lines[-1] == "" and len(lines) == len(entries) + 3


@pytest.mark.parametrize(
    "content, complaint",
    [
        ('"<pad>"\n"<unk>"\nfilm\n', "line 3"),
        ('"<pad>"\n"<unk>"\n3\n', "line 3"),
        ('"<pad>"\n"film"\n', "does not begin"),
        ("", "does not begin"),
        ('"<pad>"\n"<unk>"\n"a"\n"a"\n', "twice"),
        ("é", "not a vocabulary"),
    ],
)
def test_a_file_that_save_did_not_write_is_refused(tmp_path, content, complaint):
    path = tmp_path / "vocab.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=f"vocab.txt.*{complaint}"):
        Vocabulary.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="none.txt"):
        Vocabulary.load(tmp_path / "none.txt")


COUNTS = Counter({"the": 9, "film": 4, "actor": 4, "zz": 1, "rare": 1})


def test_frequent_words_come_first_and_ties_in_order():
    assert list(build_word_vocabulary(COUNTS, None, 1).entries[2:]) == ["the", "actor", "film", "rare", "zz"]
    assert list(build_word_vocabulary(COUNTS, None, 2).entries[2:]) == ["the", "actor", "film"]


def test_with_glove_every_word_it_knows_is_kept_and_no_other():
    known = {"rare", "film", "unseen"}
    assert list(build_word_vocabulary(COUNTS, known, 3).entries[2:]) == ["film", "rare"]
    assert len(build_word_vocabulary(COUNTS, set(), 1)) == 2


def test_special_names_in_the_text_are_not_taken_twice():
    assert len(build_word_vocabulary(Counter({"<unk>": 5}), None, 1)) == 2


def test_rare_characters_share_the_unknown_id():
    chars = build_char_vocabulary(Counter("aaabbc"), 2)
    assert list(chars.entries[2:]) == ["a", "b"]
    assert chars.id("c") == UNK


def test_character_ids_fit_into_16_bits():
    chars = build_char_vocabulary(Counter(map(chr, range(0xE000, 0xE000 + 70_000))), 1)
    assert len(chars) == 1 << 16
