"""Cuts documents of any length out of the texts about a movie, with the offset of every clause."""

import random
from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

from pipelines.demo.movies import KINDS, Clause, Movie, Unit

# Share of each kind of text in a document, by number of words.
SHARES = (0.45, 0.22, 0.18, 0.15)
_TRIES = 200  # excerpts to draw


@dataclass(frozen=True)
class Document:
    """A text and where its clauses are: ``text[starts[c]:starts[c] + len(c.text)] == c.text``."""

    text: str
    starts: Dict[int, int]  # id of a clause -> character offset; clauses are compared by identity
    clauses: Tuple[Clause, ...]

    def start(self, clause: Clause) -> int:
        return self.starts[id(clause)]

    def __contains__(self, clause: Clause) -> bool:
        return id(clause) in self.starts


def render(units: Iterable[Unit]) -> Document:
    """Join ``units`` by spaces."""
    texts: List[str] = []
    starts: Dict[int, int] = {}
    clauses: List[Clause] = []
    length = 0
    for unit in units:
        for clause, start in zip(unit.clauses, unit.starts):
            starts[id(clause)] = length + start
            clauses.append(clause)
        texts.append(unit.text)
        length += len(unit.text) + 1
    return Document(" ".join(texts), starts, tuple(clauses))


def window(document: Document, clause: Clause, words: int) -> Document:
    """Return about ``words`` words of ``document`` around ``clause``, cut at clause starts."""
    order = document.clauses
    first = last = next(i for i, other in enumerate(order) if other is clause)
    size = len(clause.text.split())
    while first > 0 or last < len(order) - 1:
        before = first > 0 and (last == len(order) - 1 or first + last > len(order) - 1)
        grown = order[first - 1] if before else order[last + 1]
        size += len(grown.text.split()) + 1
        if size > words:
            break
        first, last = (first - 1, last) if before else (first, last + 1)
    start = document.start(order[first])
    end = document.start(order[last]) + len(order[last].text)
    kept = order[first : last + 1]
    starts = {id(inside): document.start(inside) - start for inside in kept}
    return Document(document.text[start:end], starts, kept)


def ranked_units(movie: Movie, focus: Sequence[int], rng: random.Random) -> List[List[Unit]]:
    """Return the units of each kind, those to take first at the front.

    Characters in ``focus`` come first. Most of the time, a unit about one of them is followed by the unit
    on the same topic about another, so that the topic of a query does not reveal its answer.
    """
    ranked = []
    for kind in range(len(KINDS)):
        groups: Dict[str, List[Unit]] = {}
        rest: List[Unit] = []
        for number, unit in enumerate(movie.units):
            head = unit.clauses[0]
            if unit.kind != kind:
                continue
            if head.subject >= 0 and head.subject not in focus:
                rest.append(unit)
            else:
                groups.setdefault(head.topic if head.subject >= 0 else str(number), []).append(unit)
        for group in groups.values():
            rng.shuffle(group)
        wanted: List[Unit] = []
        names = list(groups)
        while names:
            rng.shuffle(names)
            for name in names:
                for _ in range(2 if rng.random() < 0.6 else 1):
                    if groups[name]:
                        wanted.append(groups[name].pop())
            names = [name for name in names if groups[name]]
        rng.shuffle(rest)
        ranked.append(wanted + rest)
    return ranked


def choose_units(ranked: List[List[Unit]], words: int) -> List[List[Unit]]:
    """Take about ``words`` words from the front of ``ranked``; a longer choice includes a shorter one."""
    chosen: List[List[Unit]] = []
    missing = words
    for kind, units in enumerate(ranked):
        room, taken = SHARES[kind] * words, []
        for unit in units:
            if room < unit.words / 2:
                break
            taken.append(unit)
            room -= unit.words
        missing -= sum(unit.words for unit in taken)
        chosen.append(taken)
    # In a long document, opinions and facts run out, but the plot does not.
    for kind, units in enumerate(ranked):
        for unit in units[len(chosen[kind]) :]:
            if missing < unit.words / 2:
                break
            chosen[kind].append(unit)
            missing -= unit.words
    return chosen


def excerpt(chosen: List[List[Unit]], clause: Clause, words: int, rng: random.Random) -> List[List[Unit]]:
    """Take about ``words`` words of ``chosen`` that hold ``clause``, from a random place of each kind.

    Places are drawn until the clause is in. So if it was drawn evenly from ``chosen``, every clause of the
    excerpt is as likely to be the one.
    """
    taken: List[List[Unit]] = []
    for _ in range(_TRIES):
        starts = [rng.randrange(len(units)) if units else 0 for units in chosen]
        taken = choose_units([units[start:] + units[:start] for units, start in zip(chosen, starts)], words)
        if any(clause is inside for units in taken for unit in units for inside in unit.clauses):
            return taken
    # A document of a few words may have no room for this kind of text.
    (holder,) = (unit for units in chosen for unit in units if any(clause is c for c in unit.clauses))
    taken[holder.kind] = [holder, *taken[holder.kind][1:]]
    return taken


_PLOT_ORDER = {"intro": 0, "kin": 1, "wish": 1, "fear": 1, "secret": 2, "scene": 2, "fate": 3}


def interleave(chosen: List[List[Unit]], block_words: int, rng: random.Random) -> List[Unit]:
    """Order ``chosen`` in blocks of about ``block_words`` words of the same kind, in random order."""
    blocks: List[List[Unit]] = []
    queue: List[Tuple[float, List[Unit]]] = []
    for kind, units in enumerate(chosen):
        units = rng.sample(units, len(units))
        if kind == 0:
            units.sort(key=lambda unit: _PLOT_ORDER[unit.clauses[0].topic])
        blocks, size = [], block_words
        for unit in units:
            if size >= block_words:
                blocks.append([])
                size = 0
            blocks[-1].append(unit)
            size += unit.words
        # Blocks of the same kind keep their order (a plot is told forwards), but their places are random.
        queue += list(zip(sorted(rng.random() for _ in blocks), blocks))
    return [unit for _, block in sorted(queue, key=lambda item: item[0]) for unit in block]
