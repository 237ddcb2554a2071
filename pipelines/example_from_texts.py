"""Examples from the texts that a reader found: with an answer to learn from, or of a chat to predict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, List, Mapping, Optional, Sequence, Tuple

from pipelines.errors import UserError
from pipelines.example import Example, Unusable
from pipelines.json_values import as_passage, as_text
from pipelines.options import WINDOWS, DataConfig
from pipelines.span_search import find_span
from pipelines.utterances import HISTORIES, alternating, history_of, turns_of
from pipelines.windows import cut_window

MOST_OF_A_TEXT = 1 << 23  # characters; a model would need more memory than there is to read a longer one


def answered(
    config: DataConfig,
    *,
    example_id: str,
    document: str,
    query: str,
    span: str,
    offset: Optional[int] = None,
    utterances: Sequence[str] = (),
    chat_id: str = "",
    movie: str = "",
    response: str = "",
    source: str = "unknown",
    document_name: str = "the document",
    cut: bool = False,
    references: Sequence[str] = (),
) -> Tuple[Example, List[str]]:
    """An example whose answer is ``span``, found in ``document`` at or near ``offset``.

    With the setup "windows" or ``cut``, the example's document is a random window of ``document``.

    Args:
        config: options of the data.
        example_id: unique in the split.
        document, query: texts that are not blank.
        span: the answer; its spelling may differ from the document's (see ``find_span``).
        offset: character of ``document`` where the span begins; None if it is not known.
        utterances: what was said before the query, oldest first (see ``histories``).
        chat_id: of the conversation; by default ``example_id``.
        movie, response, source: see ``Example``.
        document_name: what a report calls the document.
        cut: whether a document of more than ``config.window_words`` words is cut in every setup.
        references: further accepted answers; blank ones and repetitions are left out.

    Returns:
        The example, and what had to be repaired to find the span.

    Raises:
        Unusable: the document does not contain the span, or a text is longer than ``MOST_OF_A_TEXT``.
    """
    if _too_long(document, query, *utterances, response):
        raise Unusable(TOO_LONG)
    place = find_span(document, span, offset, config.lowercase_match)
    if place is None:
        raise Unusable(f"span is not in {document_name}")
    answer, start = document[place.start : place.end], place.start
    if cut or config.setup == WINDOWS:
        document, start = cut_window(
            document, start, place.end, config.window_words, example_id, config.words
        )
    prober, responder = histories(utterances, config.history_turns)
    example = Example(
        example_id=example_id,
        chat_id=chat_id or example_id,
        movie=movie,
        document=document,
        query=query,
        prober_history=prober,
        responder_history=responder,
        answer=answer,
        answer_start=start,
        answer_end=start + len(answer),
        response=response,
        source=source,
        references=tuple(dict.fromkeys(text for text in references if text.strip() and text != answer)),
    )
    return example, list(place.repairs)


TOO_LONG = f"a text is longer than {MOST_OF_A_TEXT:,} characters"


def _too_long(*texts: str) -> bool:
    return any(len(text) > MOST_OF_A_TEXT for text in texts)


def unanswered(document: str, query: str, prober: str = "", responder: str = "") -> Example:
    """An example to predict, made of its texts alone, each of which may be empty."""
    return Example(example_id="chat", chat_id="chat", movie="", document=as_text(document),
                   query=as_text(query), prober_history=as_text(prober), responder_history=as_text(responder),
                   answer="", answer_start=0, answer_end=0, response="", source="unknown",
                   has_answer=False)  # fmt: skip


def example_from_chat(
    chat: Any, config: DataConfig, clean: Callable[[str], str] = lambda said: said
) -> Example:
    """An example to predict.

    Args:
        chat: ``{"document": str, "chat": [...]}``, whose last utterance is the query; the document can be a
            list of paragraphs; ``example_id`` and ``chat_id`` are optional.
            Instead of ending ``chat``, the query can stand under ``query``, with
            what was said before it in ``chat``, in a history of ``utterances.history_of``, or side by side
            as ``prober_history`` and ``responder_history``.
        config: options of the data.
        clean: is applied to each utterance before the query.

    Raises:
        UserError: the document or the query is missing, a text is longer than ``MOST_OF_A_TEXT``, or what was
            said cannot be read.
    """
    chat = checked_chat(chat)
    name, document = chat_name(chat), as_passage(chat.get("document"))
    if not document.strip():
        raise UserError(f"{name}: no document; add its text as 'document'")
    try:
        query, before = _said(chat)
        sides = [" ".join(text for _, text in turns_of(_listed(chat.get(side)), side)) for side in _SIDES]
    except Unusable as error:
        raise UserError(f"{name}: {error}; correct it") from error
    if _too_long(document, query, *before, *sides):
        raise UserError(f"{name}: {TOO_LONG}; shorten it")
    if not query.strip():
        raise UserError(
            f"{name}: no query; add 'chat', a list of utterances whose last one is to be answered"
        )
    if any(sides) and any(before):
        raise UserError(f"{name}: what was said stands there twice; leave out {' and '.join(_SIDES)}")
    if not any(sides):
        sides = list(histories([clean(said) for said in before], config.history_turns))
    example = unanswered(document, query, *sides)
    return replace(example, example_id=name, chat_id=as_text(chat.get("chat_id")) or name)


_SIDES = ("prober_history", "responder_history")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _said(chat: Mapping[str, Any]) -> Tuple[str, List[str]]:
    """The query, and what was said before it, oldest first."""
    said, query = chat.get("chat"), as_text(chat.get("query"))
    if query.strip() and any(key in chat for key in HISTORIES):
        return query, history_of(chat)  # a record of Holl-E; its 'chat' is the whole conversation
    turns = [] if isinstance(said, str) else turns_of(said, "chat")
    if query.strip():
        if not turns:
            return query, []
        if turns[-1].text.strip() == query.strip():
            turns = turns[:-1]
        return query, alternating(turns)
    if not turns:
        return "", []
    *turns, last = turns
    before = alternating(turns)
    speakers = {turn.speaker for turn in (*turns, last)}
    told = "" not in speakers and (len(speakers) > 1 or len(turns) == 1)  # else they tell nothing apart
    if turns and told and turns[-1].speaker == last.speaker:
        before.append("")  # the other side said nothing in between
    return last.text, before


def checked_chat(chat: Any) -> Mapping[str, Any]:
    """``chat``, or a UserError unless it is a JSON object."""
    if not isinstance(chat, Mapping):
        raise UserError("a chat to predict must be a JSON object with 'document' and 'chat'; correct it")
    return chat


def chat_name(chat: Mapping[str, Any]) -> str:
    """What error messages call a chat to predict."""
    return as_text(chat.get("example_id")) or "chat"


def histories(utterances: Sequence[str], turns: int) -> Tuple[str, str]:
    """The last ``turns`` utterances of the prober and of the responder, each joined by spaces.

    The query is the prober's, so the sides alternate backwards from it: the last utterance is the
    responder's, the one before it the prober's. A blank utterance keeps its turn.
    """
    stripped = [said.strip() for said in utterances]
    prober, responder = (
        " ".join(said for said in side[:turns][::-1] if said) for side in (stripped[-2::-2], stripped[-1::-2])
    )
    return prober, responder
