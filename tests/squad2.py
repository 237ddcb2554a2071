"""Small data in the format of SQuAD 2.0; a word of the document shows whether the question has an answer."""

import json
import random

NAMES = ("Ann", "Bob", "Cleo", "Dan")
FILLER = "one two three four five six seven eight nine ten".split()
SIZES = {"train": 300, "dev": 60, "test": 60}


def question(number, generator):
    """A paragraph with its question; every other one has no answer."""
    words = [generator.choice(FILLER) for _ in range(generator.randint(4, 12))]
    name = generator.choice(NAMES)
    answerable = number % 2 == 0
    place = generator.randrange(len(words))
    words[place:place] = ["owner", name] if answerable else ["visitor", name]
    text = " ".join(words)
    asked = {
        "id": f"q{number}",
        "question": "Who is the owner?",
        "is_impossible": not answerable,
        "answers": [],
    }
    if answerable:
        asked["answers"] = [{"text": name, "answer_start": text.index(f"owner {name}") + len("owner ")}]
    else:
        asked["plausible_answers"] = [{"text": name, "answer_start": text.index(name)}]
    return {"context": text, "qas": [asked]}


def write_squad2(folder, **sizes):
    """Write ``train.json``, ``dev.json`` and ``test.json``; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in {**SIZES, **sizes}.items():
        generator = random.Random(split)
        paragraphs = [question(number, generator) for number in range(size)]
        content = {"version": "v2.0", "data": [{"title": split, "paragraphs": paragraphs}]}
        (folder / f"{split}.json").write_text(json.dumps(content))
    return folder
