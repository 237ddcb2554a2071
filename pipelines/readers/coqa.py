"""The format of CoQA (Reddy et al., 2019): free answers to the questions of a dialog, with their rationales.

The gold answer is the rationale, the span of the story that gives the answer. ``response`` is the free one.
"""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from pathlib import Path
from typing import AbstractSet, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from pipelines.example import UNANSWERED, UNLABELLED
from pipelines.json_records import iterate_records
from pipelines.json_values import as_text
from pipelines.options import COQA
from pipelines.readers import dialogs
from pipelines.readers.dialogs import Answer, answer_of, listed
from pipelines.split_files import find_split_files

TITLE = "CoQA"
NO_ANSWER = "unknown"  # text of the rationale, at -1
NO_TURN = "no answer of this turn"
SOURCES = ("mctest", "gutenberg", "race", "cnn", "wikipedia", "reddit", "science")


def files_of_split(data_dir: Path, split: str) -> List[Path]:
    """``coqa-train-v1.0.json`` and ``coqa-dev-v1.0.json``, or what ``find_split_files`` finds."""
    return find_split_files(data_dir, split, dialogs.REMEDY)


def turns_of_files(files: Sequence[Path], split: str) -> Iterator[Mapping[str, Any]]:
    """The questions of each story, in order, with what was said before; see ``dialogs.turn``.

    Rows of Hugging Face's ``datasets`` are read too.

    Raises:
        UserError: a file cannot be read or is not nested as CoQA's are.
    """
    del split
    for file in files:
        for number, content in enumerate(iterate_records(file)):
            if isinstance(content, Mapping) and "story" in content:
                yield from _turns(content, f"{file}, story {number + 1}")
                continue
            for of_story, story in enumerate(listed(content, "data", f"{file}", TITLE)):
                yield from _turns(story, f"{file}, story {of_story + 1}")


def _turns(story: Mapping[str, Any], where: str) -> Iterator[Mapping[str, Any]]:
    questions = listed(story, "questions", where, TITLE)
    text = story.get("story")
    # Hugging Face leaves the ids out.
    dialog = as_text(story.get("id")) or hashlib.sha256(as_text(text).encode()).hexdigest()[:16]
    answers = _by_turn(story.get("answers"))
    others = story.get("additional_answers")
    of_others = map(_by_turn, others.values() if isinstance(others, Mapping) else ())
    further = [each for each in of_others if each]
    source = as_text(story.get("source"))
    said: List[str] = []
    for place, question in enumerate(questions, 1):
        asked = question.get("input_text") if isinstance(question, Mapping) else question
        number = as_text(question.get("turn_id")) if isinstance(question, Mapping) else ""
        number = number or str(place)
        of_turn = (answers or {}).get(number)
        gold = _rationale(of_turn, text)
        missing = UNLABELLED if answers is None else NO_TURN if of_turn is None else UNANSWERED
        rationales = [_rationale(each.get(number), text) for each in further]
        response = as_text(of_turn.get("input_text")) if of_turn else ""
        yield dialogs.turn(
            id=f"{dialog}_{number}",
            document=text,
            question=asked,
            dialog=dialog,
            history=tuple(said),
            answer=gold,
            missing=missing,
            references=[each for each in rationales if each is not None],
            response=response,
            source=source if source in SOURCES else "unknown",
        )
        said += [as_text(asked), response]


def _by_turn(answers: Any) -> Optional[Dict[str, Mapping[str, Any]]]:
    """Answers by the number of their turn; None if there are none at all."""
    if isinstance(answers, Mapping):  # columns, as Hugging Face writes them
        columns: List[Tuple[str, List[Any]]] = [(k, v) for k, v in answers.items() if isinstance(v, list)]
        names = [name for name, _ in columns]
        answers = [dict(zip(names, row)) for row in zip_longest(*(values for _, values in columns))]
    if not isinstance(answers, list) or not answers:
        return None
    found: Dict[str, Mapping[str, Any]] = {}
    for place, answer in enumerate(answers, 1):
        if isinstance(answer, Mapping):
            found.setdefault(as_text(answer.get("turn_id")) or str(place), answer)
    return found


def _rationale(answer: Optional[Mapping[str, Any]], story: Any) -> Optional[Answer]:
    if answer is None:
        return None
    if "span_text" in answer:
        found = answer_of(answer, "span_text", "span_start")
    else:
        begin, end = (answer_of(answer, start=key).start for key in ("answer_start", "answer_end"))
        known = begin is not None and end is not None and begin >= 0
        found = Answer(as_text(story)[begin:end] if known else "", begin)
    nothing = as_text(found.text).strip().lower() in ("", NO_ANSWER)
    return None if nothing and (found.start is None or found.start < 0) else found


def recognises(keys: AbstractSet[str]) -> bool:
    """See ``Reader.recognises``."""
    return {"data.story", "data.questions"} <= keys or {"story", "questions"} <= keys


READER = dialogs.dialog_reader(
    name=COQA,
    title=TITLE,
    files=files_of_split,
    records=turns_of_files,
    recognises=recognises,
    sources=SOURCES,
)
