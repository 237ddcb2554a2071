"""What published files in SQuAD's format have of their own, each in a small file written to its structure."""

import json

import pytest

from pipelines.options import SQUAD, DataConfig
from pipelines.readers.schema import told_schema
from pipelines.splits import files_of_split, read_split


def nested(context, asked, title=None, **of_paragraph):
    article = {"paragraphs": [{"context": context, "qas": asked, **of_paragraph}]}
    return {"data": [article if title is None else {"title": title, **article}]}


def asked(question, *answers, id="q", **more):
    found = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": id, "question": question, "answers": found, **more}


def said(uid, speakers, utterance):
    return {"uid": uid, "speakers": speakers, "utterance": utterance}


def place(text, uid, first, last, is_speaker=False):
    return {"answer_text": text, "utterance_id": uid, "inner_start": first, "inner_end": last,
            "is_speaker": is_speaker}  # fmt: skip


REVIEW = "Great phone.\n\nIt broke after a week."
POLICY = "We collect data. If you use our app, we may collect your GPS location."
PAPER = "Role of IFITM5\n\nAbstract: It binds FKBP11 in bone. "
GERMAN = "Die Wirtschaft Kölns wuchs. Köln liegt am Rhein."
SCENE = {
    "utterances:": [  # the key has a colon in the files
        said(0, ["Ross Geller"], "Breathe ."),
        said(1, ["Susan Bunch", "Carol Willick"], "Breathe . My son is Jamie ."),
        said(2, ["#NOTE#"], "( Ross leaves the room . )"),
    ],
    "qas": [
        {"id": "s_Who", "question": "Who told Carol ?",
         "answers": [place("Ross Geller", 0, -1, -1, True)]},
        {"id": "s_What", "question": "What is his name ?",
         "answers": [place("Jamie", 1, 5, 5), place("Breathe .", 1, 0, 1)]},
        {"id": "s_Where", "question": "What does he leave ?", "answers": [place("the room", 2, 3, 4)]},
        {"id": "s_Lost", "question": "Where ?", "answers": [place("the room", 7, 0, 1)]},
    ],
}  # fmt: skip
TEXT = (
    "Ross Geller: Breathe .\n"
    "Susan Bunch, Carol Willick: Breathe . My son is Jamie .\n"
    "#NOTE#: ( Ross leaves the room . )"
)

# Name of the file, its content, and (id, document, answer, its place, all references) of its examples.
CASES = {
    "SQuADShifts: three annotators, line feeds": (
        "amazon_reviews_v1.0_test.json",
        nested(REVIEW, [asked("When?", ("after a week", 23), ("a week", 29), ("a week", 29))], title="A_1"),
        [("q", REVIEW, "after a week", 23, ("after a week", "a week"))],
    ),
    "XQuAD: other languages, ids of SQuAD": (
        "test.json",
        nested(GERMAN, [asked("Wo liegt Köln?", ("am Rhein", 39), id="57")], title="Köln"),
        [("57", GERMAN, "am Rhein", 39, ("am Rhein",))],
    ),
    "PolicyQA: further keys, answers within answers": (
        "test.json",
        nested(
            POLICY,
            [asked("Where?", ("your GPS location", 52), ("GPS location", 57), type="First Party|||Location")],
            title="ticketmaster.com",
            index=6,
            summary=["The site collects your location."],
        ),
        [("q", POLICY, "your GPS location", 52, ("your GPS location", "GPS location"))],
    ),
    "COVID-QA: no title, numbers as ids, white space at the end": (
        "covidQA-test.json",
        nested(PAPER, [asked("Where?", ("in bone. ", 42), id=307, is_impossible=False)], document_id=630),
        [("307", PAPER, "in bone.", 42, ("in bone.",))],
    ),
    "FriendsQA: utterances, places by word, speakers": (
        "friendsqa_tst.json",
        {"data": [{"title": "s01_e23_c06", "paragraphs": [SCENE]}]},
        [
            ("s_Who", TEXT, "Ross Geller", 0, ("Ross Geller",)),
            ("s_What", TEXT, "Jamie", TEXT.index("Jamie"), ("Jamie", "Breathe .")),
            ("s_Where", TEXT, "the room", TEXT.index("the room"), ("the room",)),
            ("s_Lost", TEXT, "the room", TEXT.index("the room"), ("the room",)),
        ],
    ),
}


@pytest.mark.parametrize(("name", "content", "expected"), CASES.values(), ids=CASES)
def test_the_kin_of_squad_is_read(tmp_path, name, content, expected):
    (tmp_path / name).write_text(json.dumps(content))
    config = told_schema(DataConfig(max_dropped=0.0), tmp_path)
    assert config.schema == SQUAD
    assert [file.name for file in files_of_split(tmp_path, "test", config)] == [name]
    examples, report = read_split(tmp_path, "test", config)
    assert [(e.example_id, e.document, e.answer, e.answer_start, e.accepted) for e in examples] == expected
    repaired = {"span: no usable offset": ["s_Lost"]} if "friends" in name else {}
    assert (list(report.repaired.values()), report.dropped) == (list(repaired.values()), {})


QUESTION = {"id": "a", "question": "?", "answers": [place("x", 0, 0, 0)]}


@pytest.mark.parametrize(
    "scene",
    [
        {"utterances": [3, {"uid": 0}], "qas": [QUESTION]},
        {"utterances": [said([], {}, ""), said("0", [3, None], None)], "qas": [QUESTION]},
        {"utterances": 3, "qas": [QUESTION]},
        {"utterances": [], "qas": [{**QUESTION, "answers": [3]}, 4]},
    ],
)
def test_a_broken_scene_is_dropped_with_a_reason(tmp_path, scene):
    (tmp_path / "test.json").write_text(json.dumps(
        {"data": [{"title": "s", "paragraphs": [scene, SCENE]}]}))  # fmt: skip
    examples, report = read_split(tmp_path, "test", DataConfig(schema=SQUAD, max_dropped=1.0))
    assert len(examples) == 4 and report.dropped_count == len(scene["qas"])
