"""A fictitious movie: its characters, and clauses that say something about it."""

from dataclasses import dataclass, field
from typing import Any, List, Optional, Tuple

from pipelines.demo.grammar import sentence

KINDS = ("plot", "review", "comments", "fact_table")  # index = Holl-E's `label`


@dataclass(frozen=True)
class Character:
    """A character and its actor. ``trade_known`` is False if another character has the same trade."""

    index: int
    name: str
    family: str
    actor: str
    male: bool
    trade: str
    trade_known: bool

    @property
    def slots(self) -> dict:
        he, him, his = ("he", "him", "his") if self.male else ("she", "her", "her")
        full = f"{self.name} {self.family}"
        return dict(he=he, him=him, his=his, actor=self.actor, name=self.name, full=full, trade=self.trade)


@dataclass(frozen=True)
class Clause:
    """A candidate span, with the facts that a query for it needs."""

    text: str  # as the document writes it
    kind: int
    topic: str
    value: str = ""  # event, wish, aspect, feeling or fact
    subject: int = -1  # the character it is about; -1 = the movie
    polarity: int = 0
    named: bool = False  # the clause names its subject
    traded: bool = False  # the clause refers to its subject by trade
    place: str = ""


@dataclass(frozen=True)
class Unit:
    """One or two sentences that stay together in every document."""

    text: str
    clauses: Tuple[Clause, ...]
    starts: Tuple[int, ...]  # character offset of each clause in ``text``

    @property
    def kind(self) -> int:
        return self.clauses[0].kind

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass
class Movie:
    """A movie; ``units`` are all texts about it."""

    name: str
    imdb_id: str
    cast: List[Character] = field(default_factory=list)
    units: List[Unit] = field(default_factory=list)


def single(text: str, kind: int, topic: str, **known: Any) -> Unit:
    clause = Clause(sentence(text), kind, topic, **known)
    return Unit(clause.text, (clause,), (0,))


def paired(first: Clause, second: Clause, joint: Optional[str]) -> Unit:
    """A unit of two clauses: two sentences if ``joint`` is None, else a compound sentence."""
    if joint is None:
        texts, joint = (sentence(first.text), sentence(second.text)), " "
    else:
        texts = (sentence(first.text, ""), second.text + ".")
    pair = tuple(_with_text(clause, text) for clause, text in zip((first, second), texts))
    return Unit(texts[0] + joint + texts[1], pair, (0, len(texts[0]) + len(joint)))


def _with_text(clause: Clause, text: str) -> Clause:
    return Clause(**{**clause.__dict__, "text": text})
