"""The demo corpus: its form, its determinism, and that it is a fair field."""

import gzip
import json
import random
import re
from collections import Counter

import numpy as np
import pytest

from pipelines.demo import GLOVE_PATH, generate_corpus
from pipelines.demo.grammar import expand
from pipelines.demo.make_glove import make_glove
from pipelines.errors import UserError
from pipelines.glove import read_glove
from pipelines.options import EXAMPLE, EXCERPTS, SETUPS, DataConfig
from pipelines.readers.holle import DOCUMENT_KEYS
from pipelines.splits import read_split
from pipelines.tokenizer import lookup_form, tokenize

SPLITS = ("train", "dev", "test")
KEYS = set(
    "chat_id example_id movie_name imdb_id span response label query context short_history full_history chat "
    "all_documents oracle oracle_reduced mixed full_reduced full".split()
) | {offset for _, offset in DOCUMENT_KEYS.values()}


def _load(folder, split):
    return json.loads((folder / f"{split}_data.json").read_text(encoding="utf-8"))


def _generate(folder, **sizes):
    arguments = {"train_examples": 40, "dev_examples": 10, "test_examples": 10, **sizes}
    return generate_corpus(folder, **arguments)


@pytest.fixture(scope="module", params=EXCERPTS)
def folder(request, tmp_path_factory):
    sizes = {"train_examples": 1200, "dev_examples": 100, "test_examples": 500}
    return _generate(tmp_path_factory.mktemp("demo"), excerpts=request.param, **sizes)


@pytest.fixture(scope="module")
def corpus(folder):
    return {split: _load(folder, split) for split in SPLITS}


@pytest.fixture(scope="module")
def records(corpus):
    return [record for split in SPLITS for record in corpus[split]]


def test_each_split_has_as_many_examples_as_asked_for(corpus):
    assert {split: len(corpus[split]) for split in SPLITS} == {"train": 1200, "dev": 100, "test": 500}


def test_every_record_has_the_keys_of_holle(records):
    assert all(KEYS <= set(record) for record in records)
    assert len({record["example_id"] for record in records}) == len(records)
    assert all(record["example_id"].startswith(record["chat_id"] + "_") for record in records)


def test_every_offset_points_at_the_span(records):
    for record in records:
        for text, offset in DOCUMENT_KEYS.values():
            start = record[offset]
            assert record[text][start : start + len(record["span"])] == record["span"]


def test_the_responder_copies_the_span(records):
    assert all(record["span"] in record["response"] for record in records)
    assert all(3 <= len(tokenize(record["span"])) <= 24 for record in records)


def test_labels_name_the_text_that_the_span_is_from(records):
    for record in records:
        documents = record["all_documents"]
        texts = (
            documents["plot"],
            documents["review"],
            " ".join(documents["comments"]),
            documents["fact_table"]["kb_flat"],
        )
        assert record["span"] in texts[record["label"]]
    assert {record["label"] for record in records} == {0, 1, 2, 3}


def test_histories_are_what_was_said_before(records):
    for record in records:
        full, chat = record["full_history"], record["chat"]
        if full == ["NH"]:
            assert record["short_history"] == ["NH"]
            assert record["context"] == record["query"] == chat[0]
        else:
            assert len(full) % 2 == 0  # the prober speaks first
            assert chat[: len(full)] == full
            assert chat[len(full) : len(full) + 2] == [record["query"], record["response"]]
            assert record["short_history"] == full[-2:]
            assert record["context"] == " ".join(full[-2:] + [record["query"]])


def test_chats_have_three_to_six_exchanges(corpus):
    for split in SPLITS:
        counts = Counter(record["chat_id"] for record in corpus[split])
        last = corpus[split][-1]["chat_id"]  # cut off where the split is full
        assert set(counts[chat] for chat in counts if chat != last) == {3, 4, 5, 6}


def test_no_text_has_left_over_grammar(records):
    for record in records:
        for text in (record["full"], *record["chat"]):
            assert not re.search(r"[\[\]{}<>|]", text), text


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    first, second = _generate(tmp_path / "one", seed=5), _generate(tmp_path / "two", seed=5)
    other = _generate(tmp_path / "three", seed=6)
    for split in SPLITS:
        name = f"{split}_data.json"
        assert (first / name).read_bytes() == (second / name).read_bytes()
        assert (first / name).read_bytes() != (other / name).read_bytes()


def test_more_examples_leave_the_other_splits_as_they_are(tmp_path):
    small, large = _generate(tmp_path / "small"), _generate(tmp_path / "large", train_examples=80)
    assert (small / "test_data.json").read_bytes() == (large / "test_data.json").read_bytes()
    assert _load(large, "train")[:40] == _load(small, "train")


def test_no_movie_is_in_two_splits(corpus):
    movies = {split: {record["movie_name"] for record in corpus[split]} for split in SPLITS}
    assert not movies["train"] & movies["test"]
    assert not movies["train"] & movies["dev"]
    assert not movies["dev"] & movies["test"]


@pytest.mark.parametrize("words", [60, 110, 400, 2500])
def test_documents_are_as_long_as_asked_for(tmp_path, words):
    _generate(tmp_path, train_examples=20, dev_examples=1, test_examples=1, document_words=words)
    records = _load(tmp_path, "train")
    for record in records:
        lengths = {
            key: len(record[key].split()) for key in ("mixed", "full_reduced", "full", "oracle_reduced")
        }
        assert 0.75 * words <= lengths["mixed"] <= 1.25 * words
        assert lengths["full"] > max(lengths["mixed"], lengths["full_reduced"])
        assert lengths["full_reduced"] <= 1200
        assert lengths["oracle_reduced"] <= 256
        assert lengths["full_reduced"] > lengths["mixed"] or words > 1000
        for text, offset in DOCUMENT_KEYS.values():
            assert record[text][record[offset] :].startswith(record["span"])


@pytest.mark.parametrize("words", [20, 110, 2500])
def test_every_example_can_have_an_excerpt_of_its_own(tmp_path, words):
    _generate(tmp_path, document_words=words, excerpts=EXAMPLE)
    excerpts = {}
    for record in _load(tmp_path, "train"):
        mixed = record["mixed"]
        assert mixed[record["answer_start_mixed"] :].startswith(record["span"])
        assert 0.7 * words <= len(mixed.split()) <= max(1.3 * words, 50)
        excerpts.setdefault(record["chat_id"], []).append(mixed)
    assert all(len(set(of_chat)) == len(of_chat) for of_chat in excerpts.values())


def test_unknown_excerpts_are_a_user_error(tmp_path):
    with pytest.raises(UserError, match="'turn'; choose one of chat, example"):
        _generate(tmp_path, excerpts="turn")


def test_documents_of_20000_words_can_be_made(tmp_path):
    _generate(tmp_path, train_examples=2, dev_examples=1, test_examples=1, document_words=20_000)
    for record in _load(tmp_path, "train"):
        assert 19_000 <= len(record["mixed"].split()) <= 21_000
        assert record["mixed"][record["answer_start_mixed"] :].startswith(record["span"])


@pytest.mark.parametrize("sizes", [{"train_examples": 0}, {"document_words": 5}, {"document_words": 20_001}])
def test_a_size_out_of_range_is_a_user_error(tmp_path, sizes):
    with pytest.raises(UserError, match=next(iter(sizes))):
        _generate(tmp_path, **sizes)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_can_not_be_made_is_a_user_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        _generate(tmp_path / "file" / "demo")


def test_the_reader_keeps_every_example(folder):
    for setup in SETUPS:
        for split in SPLITS:
            examples, report = read_split(folder, split, DataConfig(setup=setup))
            assert report.kept == report.read == len(examples)
            assert not report.dropped and not report.repaired


# A fair field


def _bag(text):
    return Counter(word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an", "the"))


def _f1(prediction, answer):
    predicted, expected = _bag(prediction), _bag(answer)
    common = sum((predicted & expected).values())
    return 200 * common / (sum(predicted.values()) + sum(expected.values())) if common else 0.0


def _sentences(text):
    return re.split(r"(?<=\.) ", text)


def _score(records, choose):
    return float(np.mean([_f1(choose(record), record["span"]) for record in records]))


def test_baselines_that_do_not_read_the_query_score_low(corpus):
    test = corpus["test"]
    assert _score(test, lambda record: _sentences(record["mixed"])[0]) < 20
    assert _score(test, lambda record: _sentences(record["mixed"])[-1]) < 20
    # The place in the document where most answers of train begin.
    places = Counter(
        int(10 * record["answer_start_mixed"] / len(record["mixed"])) for record in corpus["train"]
    )
    tenth = places.most_common(1)[0][0]

    def most_popular_place(record):
        sentences = _sentences(record["mixed"])
        return sentences[min(int((tenth + 0.5) / 10 * len(sentences)), len(sentences) - 1)]

    assert _score(test, most_popular_place) < 20
    # The sentence that is most like the answers of train.
    common = sum((_bag(record["span"]) for record in corpus["train"]), Counter())

    def most_popular_words(record):
        return max(
            _sentences(record["mixed"]),
            key=lambda text: np.mean([common[word] for word in _bag(text)] or [0]),
        )

    assert _score(test, most_popular_words) < 25


def test_answers_are_spread_over_the_whole_document(records):
    places = Counter(int(5 * record["answer_start_mixed"] / len(record["mixed"])) for record in records)
    assert min(places[fifth] for fifth in range(5)) > 0.1 * len(records)


def test_words_in_common_do_not_find_the_answer(corpus):
    frequency = Counter(
        word for record in corpus["test"] for text in _sentences(record["mixed"]) for word in _bag(text)
    )
    total = sum(frequency.values())

    def weight(words):
        return sum(np.log(total / (1 + frequency[word])) ** 2 for word in words)

    def nearest(record):
        query = set(_bag(record["query"]))
        return max(
            _sentences(record["mixed"]),
            key=lambda text: weight(query & set(_bag(text))) / weight(_bag(text)) ** 0.5,
        )

    assert 20 < _score(corpus["test"], nearest) < 45


def test_a_sentence_that_holds_the_answer_scores_high(corpus):
    best = _score(
        corpus["test"], lambda record: max(_sentences(record["mixed"]), key=lambda s: _f1(s, record["span"]))
    )
    assert best > 85


def test_documents_hold_all_kinds_of_text_and_many_candidates(corpus):
    sizes = [len(_sentences(record["mixed"])) for record in corpus["test"]]
    assert 9 <= np.mean(sizes) <= 15
    for chat in {record["chat_id"]: record for record in corpus["test"]}.values():
        documents = chat["all_documents"]
        kinds = (documents["plot"], documents["review"], " ".join(documents["comments"]))
        found = [sum(text in kind for text in _sentences(chat["mixed"])) for kind in kinds]
        found.append(sum(text in documents["fact_table"]["kb_flat"] for text in _sentences(chat["mixed"])))
        assert min(found) >= 1


def test_queries_ask_in_many_ways(records):
    count = len(records)
    assert 0.12 < sum(record["demo"]["answers"] > 1 for record in records) / count < 0.23
    ways = Counter(record["demo"]["way"] for record in records)
    assert set(ways) == {"content", "person", "place", "general", "follow"}
    assert ways["follow"] > 0.07 * count
    assert ways["person"] > 0.12 * count
    assert len({record["query"] for record in records}) > 0.4 * count


def test_a_query_prefers_words_that_the_answer_does_not_use():
    rng = random.Random(0)
    asks = {expand("Is it <scary>?", rng, avoid="The scene is so scary.", same=0.0) for _ in range(100)}
    assert "Is it scary?" not in asks
    assert {"Is it terrifying?", "Is it creepy?"} <= asks


def test_articles_agree_with_the_word_that_is_drawn():
    assert expand("she is a {trade}", random.Random(0), {"trade": "engineer"}) == "she is an engineer"
    assert expand("she is a {trade}", random.Random(0), {"trade": "nurse"}) == "she is a nurse"


# GloVe


def test_glove_covers_the_words_but_for_names(records):
    counts = Counter()
    for record in records[::7]:
        for text in (record["full"], *record["chat"]):
            counts.update(token.text for token in tokenize(text) if not token.text[0].isupper())
    vectors = read_glove(str(GLOVE_PATH), {lookup_form(word) for word in counts}, 100)
    covered = sum(count for word, count in counts.items() if lookup_form(word) in vectors)
    assert covered > 0.93 * sum(counts.values())
    assert GLOVE_PATH.stat().st_size < 2_000_000


def test_some_names_are_in_glove_and_some_are_not(records):
    names = {name for record in records for name in re.findall(r"follows (\w+),", record["full"])}
    vectors = read_glove(str(GLOVE_PATH), {name.lower() for name in names}, 100)
    assert 0.3 < len(vectors) / len(names) < 0.95 or len(vectors) >= 30
    assert len(names) - len(vectors) > 0.2 * len(names)


def test_glove_can_be_made_again_from_itself(tmp_path):
    target = make_glove(str(GLOVE_PATH), tmp_path / "again.txt.gz")
    assert gzip.decompress(target.read_bytes()) == gzip.decompress(GLOVE_PATH.read_bytes())
