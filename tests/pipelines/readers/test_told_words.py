import gzip
import json

import pytest

from pipelines.options import AUTO, LATIN, RULES, UNICODE, DataConfig
from pipelines.prepare import fingerprint_of
from pipelines.readers.told_words import share_of_other_scripts, told_data
from pipelines.word_counts import NO_GLOVE

ENGLISH = "The film is a story of an old sailor. Café, naïve, cafe\u0301s and a heart: ❤️ 👩‍👧."
TEXTS = {
    "English": (ENGLISH, LATIN),
    "German": ("Der Film erzählt von einem alten Matrosen. Die Musik ist schön.", LATIN),
    "Russian": ("Фильм о старом моряке.", LATIN),
    "unvowelled Arabic": ("الفيلم قصة بحار قديم", LATIN),
    "Korean": ("이 영화는 늙은 선원의 이야기다", LATIN),
    "a name in Chinese": (ENGLISH * 20 + "卧虎", LATIN),
    "Hindi": ("यह फिल्म एक नाविक की कहानी है।", UNICODE),
    "Tamil": ("இந்தப் படம் ஒரு மாலுமியின் கதை.", UNICODE),
    "vowelled Arabic": ("الفِيلمُ قِصَّةُ بَحَّارٍ قَدِيمٍ.", UNICODE),
    "Chinese": ("这部电影讲一个老水手的故事。", UNICODE),
    "Japanese": ("これは老いた船乗りの映画です。", UNICODE),
    "Thai": ("หนังเรื่องนี้เล่าเรื่องกะลาสีเก่า", UNICODE),
}


def _folder(folder, text, **dump):
    for split in ("train", "dev", "test"):
        record = {"example_id": "a", "query": "?", "span": text[:4], "mixed": text, "answer_start_mixed": 0}
        (folder / f"{split}_data.json").write_text(json.dumps([record] * 3, **dump), encoding="utf-8")
    return folder


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("text, rules", TEXTS.values(), ids=TEXTS)
def test_letters_of_train_tell_the_rules(tmp_path, text, rules, escaped):
    folder = _folder(tmp_path, text, ensure_ascii=escaped)
    assert told_data(DataConfig(), folder).words == rules


def test_a_compressed_file_is_looked_into(tmp_path):
    folder = _folder(tmp_path, TEXTS["Hindi"][0])
    train = folder / "train_data.json"
    train.write_bytes(gzip.compress(train.read_bytes()))
    assert told_data(DataConfig(), folder).words == UNICODE


@pytest.mark.parametrize("rules", RULES)
def test_what_is_asked_for_is_taken(tmp_path, rules):
    assert told_data(DataConfig(words=rules), _folder(tmp_path, ENGLISH)).words == rules


@pytest.mark.parametrize("folder", ["", "missing"])
def test_without_files_the_rules_are_the_older_ones(tmp_path, folder):
    assert told_data(DataConfig(), folder and tmp_path / folder).words == LATIN


def test_the_older_rules_are_not_in_the_fingerprint(tmp_path):
    def fingerprint(words):
        return fingerprint_of(folder, DataConfig(words=words), NO_GLOVE, None)[0]

    folder = _folder(tmp_path, ENGLISH)
    assert "words" not in DataConfig(words=LATIN).decisive()
    assert fingerprint(AUTO) == fingerprint(LATIN) != fingerprint(UNICODE)
    folder = _folder(tmp_path, TEXTS["Thai"][0])
    assert fingerprint(AUTO) == fingerprint(UNICODE) != fingerprint(LATIN)


def test_the_share_is_of_letters_and_marks():
    assert share_of_other_scripts("ab 12 中") == pytest.approx(1 / 3)
    assert share_of_other_scripts("") == 0
