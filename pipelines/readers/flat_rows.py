"""Flat rows of questions, as Hugging Face's ``datasets`` writes SQuAD and its kin, nested as SQuAD is."""

from __future__ import annotations

import hashlib
from itertools import groupby, zip_longest
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from pipelines.json_values import as_text

_OF_ROWS = {"context", "question", "answers"}
_OF_ARTICLES = {"paragraphs", "data"}


def is_row(item: Any) -> bool:
    """Whether an item of a file is a question with its context, not an article or a whole file."""
    return isinstance(item, Mapping) and bool(_OF_ROWS & item.keys()) and not _OF_ARTICLES & item.keys()


def articles_of_rows(rows: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """The articles of rows, as SQuAD nests them.

    Consecutive rows of one title are an article, whose paragraphs are their contexts. Those of one context
    without a title are an article of one paragraph, whose title is a digest of it.
    """
    valid = (row if isinstance(row, Mapping) else {} for row in rows)
    for (title, context), of_article in groupby(valid, key=_article_of):
        asked: Dict[Optional[str], List[Mapping[str, Any]]] = {}
        for row in of_article:
            text = row.get("context")
            question = {**row, "answers": _listed_answers(row.get("answers"))}
            asked.setdefault(text if isinstance(text, str) else None, []).append(question)
        digest = hashlib.sha256(as_text(context).encode()).hexdigest()[:10]
        yield {
            "title": title or f"context {digest}",
            "paragraphs": [{"context": text, "qas": questions} for text, questions in asked.items()],
        }


def _article_of(row: Mapping[str, Any]) -> Tuple[str, str]:
    title = as_text(row.get("title")).strip()
    return title, "" if title else as_text(row.get("context"))


def _listed_answers(answers: Any) -> Any:
    """``{"text": [...], "answer_start": [...]}`` as SQuAD's list of objects; anything else as it is."""
    if not isinstance(answers, Mapping):
        return answers
    texts, starts = answers.get("text"), answers.get("answer_start")
    if not isinstance(texts, list):
        texts, starts = [] if texts is None else [texts], [starts]
    starts = starts if isinstance(starts, list) else []
    return [{"text": text, "answer_start": start} for text, start in zip_longest(texts, starts[: len(texts)])]
