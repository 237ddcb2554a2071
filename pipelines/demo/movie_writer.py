"""Writes fictitious movies: draws characters and facts about them, and words them by the grammars."""

import random
from typing import Any, Collection, Dict, List, Sequence, Set, Tuple

from pipelines.demo import lexicon, opinions, plots, traits
from pipelines.demo.facts import CAST_TELLS, FACTS
from pipelines.demo.grammar import expand, invented_word
from pipelines.demo.movies import Character, Clause, Movie, Unit, paired, single


class MovieWriter:
    """Writes a movie of at least ``words`` words. The same ``seed`` gives the same movie."""

    def __init__(self, name: str, imdb_id: str, words: int, seed: str):
        self.rng = random.Random(seed)
        self.movie = Movie(name, imdb_id)
        self.words = words
        self.decks: Dict[str, List[str]] = {}
        self.written = 0  # words

    def write(self) -> Movie:
        """Return the movie: fact table, opinions, and as many characters as its length needs."""
        self._write_facts()
        self._write_opinions()
        trades = self.rng.sample(list(lexicon.TRADES), len(lexicon.TRADES))
        first = self.rng.sample(lexicon.WOMEN + lexicon.MEN, len(lexicon.WOMEN + lexicon.MEN))
        used: Set[str] = set()
        while len(self.movie.cast) < 5 or self.written < self.words:
            index = len(self.movie.cast)
            self.movie.cast.append(self._new_character(index, trades, first, used))
            if index >= 2:  # kinship needs someone to be related to
                for late in self.movie.cast[-1:] if index > 2 else self.movie.cast:
                    self._write_character(late)
        return self.movie

    def _new_character(
        self, index: int, trades: List[str], first_names: List[str], used: Set[str]
    ) -> Character:
        rng = self.rng
        name = first_names.pop() if first_names and rng.random() < 0.6 else ""
        male = name in lexicon.MEN if name else rng.random() < 0.5
        while not name or name in used:
            name = invented_word(rng, 2 if rng.random() < 0.8 else 3)
        used.add(name)
        fits = [t for t in trades if t not in (lexicon.FEMALE_ONLY if male else lexicon.MALE_ONLY)]
        known = bool(fits)
        trade = fits[0] if known else rng.choice(sorted(lexicon.TRADES))
        if known:
            trades.remove(trade)
        actor = f"{rng.choice(lexicon.MEN if male else lexicon.WOMEN)} {self._family()}"
        return Character(index, name, self._family(), actor, male, trade, known)

    def _family(self) -> str:
        return self.rng.choice(lexicon.FAMILIES) if self.rng.random() < 0.5 else invented_word(self.rng, 2)

    def _deal(self, deck: str, items: Collection[Any]) -> Any:
        """Draw from a shuffled deck, so that items repeat only after all others have been drawn."""
        if not self.decks.get(deck):
            self.decks[deck] = self.rng.sample(list(items), len(items))
        return self.decks[deck].pop()

    def _call(self, character: Character, names: float = 0.5) -> Tuple[str, dict]:
        """Return what a sentence calls a character, and what a query may call it then."""
        draw = self.rng.random()
        if not character.trade_known or draw < names:
            return character.name, dict(subject=character.index, named=True)
        if draw < names + 0.5 * (1 - names):
            return f"the {character.trade}", dict(subject=character.index, traded=True)
        return f"the {character.trade} {character.name}", dict(
            subject=character.index, named=True, traded=True
        )

    def _place(self) -> Tuple[str, str]:
        place = self._deal("place", lexicon.PLACES)
        return place, f"{lexicon.PLACES[place][0]} the {place}"

    def _tell(self, tells: Sequence[str], **slots: str) -> str:
        return expand(self.rng.choice(tells), self.rng, slots)

    def _keep(self, unit: Unit) -> None:
        self.movie.units.append(unit)
        self.written += unit.words

    def _add(self, text: str, kind: int, topic: str, **known: Any) -> None:
        self._keep(single(text, kind, topic, **known))

    def _write_character(self, who: Character) -> None:
        rng = self.rng
        mood, (_, at) = rng.choice(traits.MOODS), self._place()
        frame = rng.choice(("{name} is a {mood} {trade}", "The story follows {name}, a {mood} {trade}"))
        text = expand(
            frame + rng.choice(("", " who lives {at}")),
            rng,
            {**who.slots, "mood": mood, "at": at.replace("the", "a", 1)},
        )
        self._add(text, 0, "intro", value=who.trade, subject=who.index, named=True, traded=who.trade_known)
        for _ in range(2):
            self._write_scene(who)
        d, known = self._call(who)
        value = self._deal("wish", traits.WISHES)
        goal = self._tell(traits.WISHES[value].tells, **who.slots)
        self._add(
            expand(
                f"{d} [<wants> to|will do anything to|has only one dream: to] {goal}[||, whatever it takes]",
                rng,
            ),
            0,
            "wish",
            value=value,
            **known,
        )
        d, known = self._call(who)
        value = self._deal("fate", traits.FATES)
        fate = self._tell(traits.FATES[value].tells, **who.slots)
        self._add(
            expand(f"[in the end|at last|years later|finally] {d} {fate}", rng),
            0,
            "fate",
            value=value,
            **known,
        )
        d, known = self._call(who)
        if rng.random() < 0.5:
            value = self._deal("fear", traits.FEARS)
            fear = self._tell(traits.FEARS[value].tells)
            self._add(
                expand(
                    f"{d} is [afraid of|terrified of] {fear}[|, and for a reason|, which must not come out]",
                    rng,
                ),
                0,
                "fear",
                value=value,
                **known,
            )
        else:
            value = self._deal("secret", traits.SECRETS)
            secret = self._tell(traits.SECRETS[value].tells, **who.slots)
            self._add(
                expand(f"[secretly {d}|what nobody knows: {d}|in truth {d}] {secret}", rng),
                0,
                "secret",
                value=value,
                **known,
            )
        d, known = self._call(who, names=0.7)
        value = self._deal("kin", traits.KIN)
        other = rng.choice([character for character in self.movie.cast if character.index != who.index])
        tie = traits.KIN[value][0][0 if who.male else 1]
        tail = "[||, as everyone in town knows|, but they have not talked for years]"
        self._add(expand(f"{d} is the {tie} of {other.name}{tail}", rng), 0, "kin", value=value, **known)
        self._write_talk_about(who)

    def _write_scene(self, who: Character) -> None:
        rng = self.rng
        value = self._deal("event", plots.EVENTS)
        event = plots.EVENTS[value]
        place, at = self._place()
        d, known = self._call(who)
        when = rng.choice(
            ("", "", "", "one night ", "one morning ", "soon after ", "that winter ", "by chance ")
        )
        act = Clause(
            when + d + " " + self._tell(event.acts, at=at, place=place, **who.slots),
            0,
            "scene",
            value=value,
            place=place,
            **known,
        )
        if rng.random() < 0.3:
            self._keep(single(act.text, 0, "scene", value=value, place=place, **known))
            return
        why = Clause(self._tell(event.whys, **who.slots), 0, "why", value=value, subject=who.index)
        self._keep(paired(act, why, rng.choice((None, " because "))))

    def _write_talk_about(self, who: Character) -> None:
        rng = self.rng
        d, known = self._call(who, names=0.4)
        polarity = rng.choice((1, 1, -1))
        text = self._tell(opinions.PERFORMANCE[polarity], d=d, actor=who.actor)
        self._add(text, 1, "performance", polarity=polarity, **known)
        role = {0: "hero", 1: "villain", 2: "friend"}.get(who.index)
        if role:
            d, known = self._call(who)
            polarity = rng.choice((1, -1))
            text = self._tell(opinions.FUNCTIONS[role][0 if polarity > 0 else 1], d=d)
            self._add(text, 1, "function", value=role, polarity=polarity, **known)
        d, known = self._call(who)
        value = self._deal("feeling", opinions.FEELINGS_OF)
        polarity = {"love": 1, "funny": 1, "hate": -1}.get(value, 0)
        self._add(
            self._tell(opinions.FEELINGS_OF[value], d=d),
            2,
            "feeling",
            value=value,
            polarity=polarity,
            **known,
        )
        traded = who.trade_known and rng.random() < 0.5
        text = self._tell(CAST_TELLS, **who.slots) + (f", the {who.trade}" if traded else "")
        self._add(text, 3, "cast", subject=who.index, named=True, traded=traded)

    def _write_facts(self) -> None:
        for value, fact in FACTS.items():
            someone = f"{self.rng.choice(lexicon.WOMEN + lexicon.MEN)} {self._family()}"
            first, second = self.rng.sample(lexicon.TITLE_FIRST, 2), self.rng.sample(lexicon.TITLE_SECOND, 2)
            other, another = (f"The {start} {end}" for start, end in zip(first, second))
            text = self._tell(fact.tells, someone=someone, other=other, another=another)
            self._add(text, 3, "fact", value=value)

    def _opinion(self, value: str, kind: int, polarity: int, framed: bool) -> Clause:
        aspect = opinions.ASPECTS[value]
        frame = self.rng.choice(opinions.REVIEW_FRAMES if kind == 1 else opinions.COMMENT_FRAMES)
        text = self._tell(aspect.good if polarity > 0 else aspect.bad)
        return Clause(
            frame.format(it=text) if framed else text, kind, "aspect", value=value, polarity=polarity
        )

    def _write_opinions(self) -> None:
        rng = self.rng
        for kind in (1, 2):
            values = rng.sample(list(opinions.ASPECTS), len(opinions.ASPECTS))[: 9 if kind == 1 else 7]
            while values:
                value, polarity = values.pop(), rng.choice((1, 1, -1))
                opinion = self._opinion(value, kind, polarity, framed=True)
                if values and rng.random() < 0.35:
                    second_polarity = rng.choice((1, -1))
                    second = self._opinion(values.pop(), kind, second_polarity, framed=False)
                    joint = ", but " if polarity != second_polarity else rng.choice((", and ", ", while "))
                    self._keep(paired(opinion, second, joint))
                else:
                    self._add(opinion.text, kind, "aspect", value=value, polarity=polarity)
            for polarity in (1, -1):
                text = self._tell(opinions.OVERALL[polarity])
                if kind == 2 or not text.startswith("I "):  # reviewers do not say "I"
                    self._add(text, kind, "overall", polarity=polarity)
        for value, tells in opinions.MOMENTS.items():
            place, at = self._place()
            polarity = {"exciting": 1, "funny": 1, "boring": -1, "confusing": -1}.get(value, 0)
            self._add(self._tell(tells, at=at), 2, "moment", value=value, polarity=polarity, place=place)
