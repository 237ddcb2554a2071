"""The format of QuAC (Choi et al., 2018): dialogs about a section of an article."""

from __future__ import annotations

import re
from pathlib import Path
from typing import AbstractSet, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from pipelines.example import UNANSWERED, UNLABELLED
from pipelines.json_records import iterate_records
from pipelines.json_values import as_text
from pipelines.options import QUAC
from pipelines.readers import dialogs
from pipelines.readers.dialogs import Answer, answer_of, listed
from pipelines.split_files import find_split_files

TITLE = "QuAC"
NO_ANSWER = "CANNOTANSWER"  # the answer to a question that the section does not answer
_MARK = re.compile(rf"\s*\b{NO_ANSWER}\s*$")  # QuAC appends it to every section, to have a span of it


def files_of_split(data_dir: Path, split: str) -> List[Path]:
    """``train_v0.2.json`` and ``val_v0.2.json``, or what ``find_split_files`` finds."""
    return find_split_files(data_dir, split, dialogs.REMEDY)


def turns_of_files(files: Sequence[Path], split: str) -> Iterator[Mapping[str, Any]]:
    """The questions of each dialog, in order, with what was said before; see ``dialogs.turn``.

    Rows of Hugging Face's ``datasets``, with the questions and answers of a dialog in lists, are read too.

    Raises:
        UserError: a file cannot be read or is not nested as QuAC's are.
    """
    del split
    for file in files:
        for number, content in enumerate(iterate_records(file)):
            if isinstance(content, Mapping) and "questions" in content:
                yield from _turns(*_from_row(content, f"{file}, row {number + 1}"))
                continue
            for of_article, article in enumerate(listed(content, "data", f"{file}", TITLE)):
                where = f"{file}, article {of_article + 1}"
                for of_section, section in enumerate(listed(article, "paragraphs", where, TITLE)):
                    asked = listed(section, "qas", f"{where}, paragraph {of_section + 1}", TITLE)
                    yield from _turns(section, asked, as_text(article.get("title")))


def _turns(section: Mapping[str, Any], asked: Sequence[Any], title: str) -> Iterator[Mapping[str, Any]]:
    context = section.get("context")
    text = _MARK.sub("", context) if isinstance(context, str) else context
    said: List[str] = []
    for question in asked:
        question = question if isinstance(question, Mapping) else {}
        gold, missing, references = _answers(question)
        example_id = as_text(question.get("id"))
        yield dialogs.turn(
            id=example_id,
            document=text,
            question=question.get("question"),
            dialog=as_text(section.get("id")) or example_id.partition("_q#")[0],
            title=title,
            history=tuple(said),
            answer=gold,
            missing=missing,
            references=references,
        )
        # A question that was not answered leaves a blank, so that the sides keep taking turns.
        said += [as_text(question.get("question")), as_text(gold.text) if gold else ""]


def _answers(question: Mapping[str, Any]) -> Tuple[Optional[Answer], str, List[Answer]]:
    """The gold answer or why there is none, and the other ones. Gold is what the dialog goes on with."""
    answers, original = question.get("answers"), question.get("orig_answer")
    found = [answer_of(each) for each in _list(answers) if isinstance(each, Mapping)]
    if isinstance(original, Mapping):
        found.insert(0, answer_of(original))
    if not found:
        return None, UNLABELLED if answers is None else UNANSWERED, []
    if as_text(found[0].text).strip() in ("", NO_ANSWER):
        return None, UNANSWERED, []
    return found[0], "", [each for each in found[1:] if as_text(each.text).strip() not in ("", NO_ANSWER)]


def _from_row(row: Mapping[str, Any], where: str) -> Tuple[Mapping[str, Any], List[Dict[str, Any]], str]:
    """The section, its questions and the title of a row of Hugging Face's ``datasets``."""
    questions = listed(row, "questions", where, TITLE)
    dialog = as_text(row.get("dialogue_id"))
    ids, answers, originals = _list(row.get("turn_ids")), row.get("answers"), row.get("orig_answers")
    asked: List[Dict[str, Any]] = []
    for place, question in enumerate(questions):
        found: Dict[str, Any] = {
            "id": ids[place] if place < len(ids) else f"{dialog}_q#{place}",
            "question": question,
        }
        if isinstance(originals, Mapping):
            pair = _item(originals, "texts", place), _item(originals, "answer_starts", place)
            found["orig_answer"] = dict(zip(("text", "answer_start"), pair))
        if isinstance(answers, Mapping):
            texts, starts = (
                _list(_item(answers, "texts", place)),
                _list(_item(answers, "answer_starts", place)),
            )
            found["answers"] = [
                {"text": text, "answer_start": starts[i] if i < len(starts) else None}
                for i, text in enumerate(texts)
            ]
        asked.append(found)
    return {**row, "id": dialog}, asked, as_text(row.get("wikipedia_page_title"))


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else []


def _item(of_turns: Mapping[str, Any], key: str, place: int) -> Any:
    values = of_turns.get(key)
    return values[place] if isinstance(values, list) and place < len(values) else None


def recognises(keys: AbstractSet[str]) -> bool:
    """See ``Reader.recognises``."""
    return bool({"data.paragraphs.qas.orig_answer", "data.paragraphs.qas.followup", "orig_answers"} & keys)


READER = dialogs.dialog_reader(
    name=QUAC,
    title=TITLE,
    files=files_of_split,
    records=turns_of_files,
    recognises=recognises,
)
