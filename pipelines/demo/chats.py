"""Writes chats about a document: a prober asks, and a responder answers by copying a clause."""

import random
from dataclasses import dataclass
from itertools import islice
from typing import List, Optional, Tuple

from pipelines.demo.documents import Document
from pipelines.demo.movies import Clause, Movie
from pipelines.demo.queries import MAX_ANSWERS, Ask, phrase, ways_to_ask

_REACTIONS = (
    "Oh really?",
    "I see.",
    "Interesting!",
    "Ha, great.",
    "Okay.",
    "Good to know.",
    "Hmm.",
    "Sounds good!",
)
_LEADS = (
    "Well, listen:",
    "Let me think.",
    "As far as I know:",
    "What I remember:",
    "I read this:",
    "Sure.",
    "Oh yes!",
)
_STARTS = (
    ("Have you seen {movie}?", "Yes, I saw it last week."),
    ("Hi! Do you know {movie}?", "Hello! Yes, I watched it with my sister."),
    ("Hello, did you watch {movie} too?", "Hey, yes, just yesterday."),
    ("I want to talk about {movie}.", "Nice, go ahead. I know it well."),
    ("A friend told me about {movie}.", "Oh yes, I have seen that one."),
)
_GENERAL_SHARE = 0.19  # of the exchanges whose query has several answers
_FOLLOW_SHARE = 0.25  # of the exchanges that could be follow-ups
_TRIES = 80  # clauses to try; in a long document, hardly any may fit


@dataclass(frozen=True)
class Exchange:
    """A query and its answer; how it asks (``way``), and how many clauses answer it."""

    query: str
    response: str
    clause: Clause
    answers: int
    way: str


def _fitting(asks: List[Ask], left: List[Clause]) -> List[Tuple[Ask, int]]:
    """The ways to ask that only a few of the clauses ``left`` answer, each with their number."""
    fitting = []
    for ask in asks:
        answering = (clause for clause in left if ask.accepts(clause))
        answers = sum(1 for _ in islice(answering, MAX_ANSWERS + 1))
        if 1 <= answers <= MAX_ANSWERS and (answers == 1 or ask.way in ("general", "content")):
            fitting.append((ask, answers))
    return fitting


def _draw(
    movie: Movie,
    order: List[Clause],
    previous: Optional[Clause],
    general: bool,
    follow: bool,
    rng: random.Random,
) -> Optional[Tuple[Clause, Ask, int]]:
    """Return the first clause of ``order`` with a query of the wanted manner, and that query."""
    for clause in order[:_TRIES]:
        fitting = _fitting(ways_to_ask(movie, clause, previous, rng), order)
        wide = [item for item in fitting if item[1] > 1]
        narrow = [item for item in fitting if item[1] == 1]
        follows = [item for item in narrow if item[0].way == "follow"]
        pool = wide if general else follows if follow else narrow
        if pool:
            return (clause, *rng.choices(pool, [ask.weight for ask, _ in pool])[0])
    return None


def write_chat(
    movie: Movie, document: Document, exchanges: int, rng: random.Random
) -> Tuple[List[str], List[Exchange]]:
    """Return the utterances before the first query (none or two) and up to ``exchanges`` exchanges.

    First the answer is drawn, evenly from the clauses that were not said yet, and then a way to ask for it.
    Only the query (for a follow-up, also the history) tells which clause it is.
    """
    start = rng.choice(_STARTS) if rng.random() < 0.6 else ()
    opening = [text.format(movie=movie.name) for text in start]
    left = list(document.clauses)  # a clause is said only once
    previous: Optional[Clause] = None
    chat: List[Exchange] = []
    for _ in range(exchanges):
        general, follow = rng.random() < _GENERAL_SHARE, rng.random() < _FOLLOW_SHARE
        order = rng.sample(left, len(left))
        found = _draw(movie, order, previous, general, follow, rng)
        found = found or _draw(movie, order, previous, False, False, rng)
        if not found:
            break
        clause, ask, answers = found
        query = phrase(ask, clause, rng)
        if chat and rng.random() < 0.25:
            query = f"{rng.choice(_REACTIONS)} {query}"
        leads = _LEADS if clause.text[0].isupper() else [lead for lead in _LEADS if lead.endswith(":")]
        response = clause.text if rng.random() < 0.6 else f"{rng.choice(leads)} {clause.text}"
        left = [other for other in left if other is not clause]
        previous = clause
        chat.append(Exchange(query, response, clause, answers, ask.way))
    return opening, chat
