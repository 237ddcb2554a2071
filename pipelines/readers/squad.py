"""The format of SQuAD 1.1 and 2.0 (Rajpurkar et al., 2016, 2018): questions on paragraphs of articles.

Others are published in it, too: SQuADShifts (Miller et al., 2020), XQuAD (Artetxe et al., 2020), COVID-QA
(Möller et al., 2020), PolicyQA (Ahmad et al., 2020) and, with scenes in place of paragraphs, FriendsQA.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import AbstractSet, Any, Iterator, List, Mapping, Optional, Sequence, Tuple

from pipelines.errors import UserError
from pipelines.example import UNANSWERED, UNLABELLED, Example, Unusable
from pipelines.example_from_texts import answered, checked_chat, example_from_chat, unanswered
from pipelines.json_records import ENDINGS, find_json_file, iterate_records
from pipelines.json_values import as_offset, as_text, is_missing, required_text
from pipelines.options import SENTENCE, SPAN, SQUAD, WINDOWS, DataConfig
from pipelines.readers.flat_rows import articles_of_rows, is_row
from pipelines.readers.reader import AnswerPlace, Reader
from pipelines.readers.references import found_references
from pipelines.readers.scenes import as_paragraph
from pipelines.sentences import sentences_around
from pipelines.span_search import find_span
from pipelines.split_files import find_split_files
from pipelines.tokenizer import token_texts
from pipelines.windows import cut_paragraphs, cut_unanswered

VERSIONS = ("", "-v1.1", "-v2.0")  # in the names of SQuAD's own files


def files_of_split(data_dir: Path, split: str) -> List[Path]:
    """``train.json``, ``train-v2.0.json`` and the like, or what ``find_split_files`` finds.

    Raises:
        MissingSplit: there is no such file.
    """
    remedy = (
        "the folder that --data_dir names needs a file or a folder for train, and one for dev or test; move"
        " some articles of train into one"
    )
    for version in VERSIONS:
        stem = data_dir / f"{split}{version}"
        if any(stem.with_name(stem.name + ending).is_file() for ending in ENDINGS):
            return [find_json_file(stem, remedy)]
    return find_split_files(data_dir, split, remedy)


def questions_of_files(files: Sequence[Path], split: str) -> Iterator[Mapping[str, Any]]:
    """The questions of each paragraph of each article, in order; also of flat rows, see ``flat_rows``.

    Yields:
        The question's own keys with ``title`` (of the article), ``paragraphs`` (the article's texts, the
        same list for all its questions), ``place`` (index of the question's paragraph) and ``context``
        (that paragraph as the file has it).

    Raises:
        UserError: a file cannot be read or is not nested as SQuAD's are.
    """
    del split
    for file in files:
        for number, article in _articles(file):
            where = f"{file}, article {number + 1}"
            paragraphs = list(map(as_paragraph, _listed(article, "paragraphs", where)))
            questions = [
                _listed(paragraph, "qas", f"{where}, paragraph {place + 1}")
                for place, paragraph in enumerate(paragraphs)
            ]
            shared = {
                "title": as_text(article.get("title")) or f"article {number + 1}",
                "paragraphs": [as_text(paragraph.get("context")) for paragraph in paragraphs],
            }
            for place, of_paragraph in enumerate(questions):
                own = {**shared, "place": place, "context": paragraphs[place].get("context")}
                for question in of_paragraph:
                    yield {**(question if isinstance(question, dict) else {}), **own}


def _articles(file: Path) -> Iterator[Tuple[int, Any]]:
    """The articles of a file with their numbers, from 0 in each of its objects."""
    contents = iterate_records(file)
    for first in contents:
        if is_row(first):
            yield from enumerate(articles_of_rows(chain([first], contents)))
            return
        for content in chain([first], contents):
            articles = _listed(content, "data", f"{file}")
            nested = not any(map(is_row, articles[:1]))
            yield from enumerate(articles if nested else articles_of_rows(articles))


def parse_question(record: Mapping[str, Any], config: DataConfig) -> Tuple[Example, List[str]]:
    """The example of a question, and what had to be repaired; raises Unusable."""
    example_id = required_text(record, "id")
    question = required_text(record, "question")
    paragraph = required_text(record, "context")
    span, offset = _first_answer(record)
    # Look for the answer in its own paragraph: others of the article may have the same words.
    place = find_span(paragraph, span, offset, config.lowercase_match)
    if place is None:
        raise Unusable("answer is not in 'context'")
    start, end = place.start, place.end
    if config.answer == SENTENCE:
        start, end = sentences_around(paragraph, start, end)
    document, begin = _document(record, config, example_id)
    references, lost = found_references(paragraph, _further_answers(record), config, "'context'")
    example, _ = answered(
        config,
        example_id=example_id,
        document=document,
        query=question,
        span=paragraph[start:end],
        offset=begin + start,
        chat_id=record["title"],
        movie=record["title"],
        cut=config.setup == "sd",
        references=references,
    )
    return example, [*place.repairs, *lost]


def answer_place(record: Mapping[str, Any], config: DataConfig) -> Optional[AnswerPlace]:
    """See ``Reader.answer_place``."""
    del config
    try:
        return AnswerPlace(as_text(record.get("context")), *_first_answer(record))
    except Unusable:
        return None


def with_offset(record: Mapping[str, Any], offset: int, config: DataConfig) -> Mapping[str, Any]:
    """See ``Reader.with_offset``."""
    del config
    first, *others = record["answers"]
    return {**record, "answers": [{**first, "answer_start": offset}, *others]}


def unlabelled_question(record: Mapping[str, Any], config: DataConfig) -> Tuple[Example, str]:
    """The example of a question whose answers are not read, and the text of its article; raises Unusable.

    The question's own paragraph takes the place of the answer: the documents of the setup ld contain it
    whole, and windows are cut around a random word of it.
    """
    question = required_text(record, "question")
    paragraph = required_text(record, "context")
    key = as_text(record.get("id")) or question
    document, begin = _document(record, config, key)
    if config.setup in ("sd", WINDOWS):
        document = cut_unanswered(
            document, config.window_words, key, begin, begin + len(paragraph), config.words
        )
    title = record["title"]
    example = replace(unanswered(document, question), chat_id=title, movie=title)
    return example, "\n".join(record["paragraphs"])


def example_to_predict(chat: Any, config: DataConfig) -> Example:
    """An example without an answer.

    Args:
        chat: what ``example_from_chat`` takes, or ``{"context": str, "question": str}``.
        config: options of the data.

    Raises:
        UserError: the document or the query is missing.
    """
    chat = checked_chat(chat)
    of_squad = {
        "example_id": chat.get("id"),
        "document": chat.get("context"),
        "query": chat.get("question"),
    }
    return example_from_chat({**of_squad, **chat}, config)


def article_of(record: Mapping[str, Any]) -> str:
    """See ``Reader.document_of``."""
    return str(record["title"])


def recognises(keys: AbstractSet[str]) -> bool:
    """See ``Reader.recognises``. QuAC nests its questions as SQuAD does, and says whether they follow up."""
    if any(key.endswith(("followup", "orig_answer", "orig_answers")) for key in keys):
        return False
    rows = ({"context", "question"}, {"data.context", "data.question"})
    return "data.paragraphs.qas" in keys or any(row <= keys for row in rows)


def _listed(content: Any, key: str, where: str) -> List[Any]:
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise UserError(
            f"{where}: no list '{key}', which the format of SQuAD has there; correct the file, "
            "or choose another format by --set data.schema=NAME"
        )
    return found


def _first_answer(record: Mapping[str, Any]) -> Tuple[str, Optional[int]]:
    """The text of the first reference answer, and its offset in the paragraph."""
    answers = record.get("answers")
    if record.get("is_impossible") is True:
        raise Unusable(UNANSWERED)
    if is_missing(answers):
        raise Unusable(UNLABELLED)
    if not isinstance(answers, list) or not answers:
        raise Unusable(UNANSWERED)
    first = answers[0] if isinstance(answers[0], dict) else {}
    offset = as_offset(first.get("answer_start"))
    if offset == -1 and first.get("text") == "":  # as some tables of SQuAD 2.0 write it
        raise Unusable(UNANSWERED)
    return required_text(first, "text"), offset


def _further_answers(record: Mapping[str, Any]) -> Iterator[Tuple[str, Optional[int]]]:
    for answer in record["answers"][1:]:
        answer = answer if isinstance(answer, dict) else {}
        yield as_text(answer.get("text")), as_offset(answer.get("answer_start"))


def _document(record: Mapping[str, Any], config: DataConfig, key: str) -> Tuple[str, int]:
    """The document of the setup, not cut yet, and the character at which the gold paragraph begins in it."""
    paragraphs, place = record["paragraphs"], record["place"]
    first, stop = 0, len(paragraphs)
    if config.setup == "sd":
        first, stop = place, place + 1
    elif config.setup == "ld":
        lengths = [_words(text, config.words) for text in paragraphs]
        first, stop = cut_paragraphs(lengths, place, config.long_words, key)
    begin = sum(len(text) + 1 for text in paragraphs[first:place])
    return "\n".join(paragraphs[first:stop]), begin


@lru_cache(maxsize=1024)
def _words(text: str, rules: str) -> int:
    return len(token_texts(text, rules))


READER = Reader(
    name=SQUAD,
    title="SQuAD",
    files=files_of_split,
    records=questions_of_files,
    parse=parse_question,
    answer_place=answer_place,
    with_offset=with_offset,
    chat=example_to_predict,
    unlabelled=unlabelled_question,
    document_of=article_of,
    recognises=recognises,
    setups=("sd", "ld", WINDOWS, "full"),
    answers=(SPAN, SENTENCE),
)
