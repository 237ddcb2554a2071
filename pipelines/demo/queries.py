"""Ways to ask for a clause: by its content, its character, its place, or what was said before."""

import random
from typing import Callable, List, NamedTuple, Optional, Sequence

from pipelines.demo import lexicon, opinions, plots, traits
from pipelines.demo.facts import FACTS
from pipelines.demo.grammar import expand
from pipelines.demo.movies import Character, Clause, Movie

MAX_ANSWERS = 3  # queries that more clauses answer are not asked
SAME_WORD = 0.5  # how often a query may use the word of the document although there is a synonym

# topic -> queries about a character, {d}
PERSON_ASKS = {
    "intro": (
        "Who is {d}?",
        "What kind of [person|{man}] is {d}?",
        "What does {d} do for a living?",
        "What about {d}, who is that?",
    ),
    "scene": (
        "What does {d} do?",
        "What happens with {d}?",
        "Is {d} up to something?",
        "What is the big scene of {d}?",
    ),
    "why": ("Why does {d} {does}?", "What makes {d} {does}?", "For what reason would {d} {does}?"),
    "wish": (
        "What does {d} want?",
        "What is the [goal|dream] of {d}?",
        "What does {d} hope for?",
        "What is {d} after?",
    ),
    "fate": ("What becomes of {d}?", "What happens to {d} at the end?", "How does it turn out for {d}?"),
    "fear": ("What scares {d}?", "What is {d} afraid of?", "Does {d} have any fears?"),
    "secret": (
        "What is {d} hiding?",
        "What is the secret of {d}?",
        "Does {d} keep something from the others?",
    ),
    "kin": (
        "Is {d} connected to anyone?",
        "How is {d} linked to the others?",
        "Is {d} a relative of someone?",
    ),
    "performance": (
        "Who plays {d} best?",
        "Was {d} well played?",
        "How is the acting for {d}?",
        "Is {d} well cast?",
    ),
    "function": ("How does {d} work as a character?", "Is {d} convincing in that role?"),
    "feeling": ("Did you like {d}?", "What do you think of {d}?", "How did you feel about {d}?"),
    "cast": (
        "Who plays {d}?",
        "Which star is {d}?",
        "Who is the [actor|actress] behind {d}?",
        "What is the real name of {d}?",
    ),
}
# topic -> queries about any character that it is true of
TOPIC_ASKS = {
    "intro": ("Who is in it?", "What kind of people are in it?", "Which characters are there?"),
    "wish": ("Does anybody have a dream?", "What do the characters want?", "Who has big plans?"),
    "fate": ("How does the story end?", "What happens in the end?", "Who has a happy or sad fate?"),
    "fear": (
        "Is anybody afraid of something?",
        "What are the characters scared of?",
        "Is there some fear in it?",
    ),
    "secret": ("Is there a secret?", "Does anybody hide something?", "What does nobody know?"),
    "kin": ("How are they related?", "Are any of them family or friends?", "Who belongs together?"),
    "cast": ("Who is in the cast?", "Which stars are in it?", "Do you know any of the actors by name?"),
    "why": ("What are their motives?", "What drives the characters?"),
}
FUNCTION_ASKS = (
    "How is the <{role}>?",
    "Is the <{role}> convincing?",
    "What about the <{role}>?",
    "Is there a good <{role}>?",
)
PLACE_ASKS = {
    "scene": (
        "What happens {at}?",
        "What goes on {at}?",
        "Is there a scene {at}?",
        "Who goes to the {place}?",
    ),
    "moment": ("How is the scene {at}?", "What about the part {at}?", "Did you like the scene {at}?"),
}
# queries that several clauses answer
GENERAL_ASKS = {
    "liked": (
        "What did you like about it?",
        "What is good about it?",
        "What are its strong points?",
        "Tell me why I should see it.",
    ),
    "disliked": (
        "What did you not like?",
        "What is bad about it?",
        "What are its weak points?",
        "Why are some people against it?",
    ),
    "actors": (
        "How is the acting?",
        "How are the actors?",
        "What about the performances?",
        "Is the cast any good?",
    ),
    "story": (
        "What is it about?",
        "What happens in it?",
        "What is the story?",
        "Can you tell me something of the plot?",
    ),
    "facts": (
        "Any interesting facts?",
        "Do you know some numbers or names?",
        "Any trivia?",
        "What do you know about the making of it?",
    ),
    "person": ("Tell me about {d}.", "What about {d}?", "Tell me more about {d}.", "I like {d}, you know."),
}
# follow-ups: only the history tells what they are about
WHY_ASKS = (
    "Why?",
    "Why did {he} do that?",
    "What for?",
    "What was the reason for that?",
    "What made {him} do such a thing?",
)
MORE_ASKS = {
    "scene": ("What else does {he} do?", "And then what does {he} do?"),
    "wish": ("What does {he} want from life?", "Does {he} have a dream?"),
    "fate": ("And what becomes of {him}?", "How does it end for {him}?"),
    "fear": ("Is {he} afraid of anything?",),
    "secret": ("Does {he} have a secret?", "Is {he} hiding something?"),
    "kin": ("Is {he} connected to the others?", "Does {he} know anybody?"),
    "intro": ("Who is {he} anyway?", "What is {his} job?"),
    "performance": ("Was {he} well played?", "How is the acting there?"),
    "feeling": ("Did you like {him}?", "How did you feel about {him}?"),
    "cast": ("Who plays {him}?", "Which star is that?"),
}
OTHER_ASKS = (
    "And the other one?",
    "And somebody else?",
    "How about the others?",
    "Anyone else?",
    "And the other {one}?",
)
SAME_TOPIC_ASKS = ("And {d}?", "What about {d}?", "And how about {d}?", "Same question for {d}.")


class Ask(NamedTuple):
    """A way to ask for a clause. ``accepts`` says whether a clause of the document answers the query."""

    way: str
    weight: float
    templates: Sequence[str]
    slots: dict
    accepts: Callable[[Clause], bool]


def _content_asks(clause: Clause) -> Sequence[str]:
    """Queries about what the clause says, without naming whom it is about."""
    topic, value = clause.topic, clause.value
    if topic in ("moment", "feeling"):
        return opinions.FEELING_ASKS[value]
    if topic == "aspect":
        whats = opinions.ASPECTS[value].asks
        whats += whats[:1]  # the plain name of the aspect is twice as likely
        return [ask.replace("{what}", what) for ask in opinions.ASPECT_ASKS for what in whats]
    tables = {"wish": traits.WISHES, "fate": traits.FATES, "fear": traits.FEARS, "secret": traits.SECRETS}
    if topic in tables:
        return tables[topic][value].asks
    if topic == "scene":
        return plots.EVENTS[value].asks
    if topic == "kin":
        return traits.KIN[value][1]
    if topic == "function":
        return [ask.replace("{role}", value) for ask in FUNCTION_ASKS]
    if topic == "fact":
        return FACTS[value].asks
    return opinions.OVERALL_ASKS if topic == "overall" else ()


def _same_content(clause: Clause) -> Callable[[Clause], bool]:
    felt = ("moment", "feeling")
    if clause.topic in felt:
        return lambda other: other.topic in felt and other.value == clause.value
    return lambda other: other.topic == clause.topic and other.value == clause.value


def _calls(clause: Clause, who: Character, rng: random.Random) -> List[str]:
    """What a query may call the character that ``clause`` is about."""
    calls = [who.name] if clause.named else []
    if clause.named and rng.random() < 0.2:
        calls.append(f"{who.name} {who.family}" if clause.topic == "cast" else who.name)
    if clause.traded:
        words = lexicon.TRADES[who.trade]
        calls.append("the " + (rng.choice(words) if words and rng.random() >= SAME_WORD else who.trade))
    return calls


def _general(clause: Clause) -> Sequence[str]:
    kinds = []
    if clause.topic in ("aspect", "overall", "performance", "function", "moment", "feeling"):
        kinds += ["liked"] if clause.polarity > 0 else ["disliked"] if clause.polarity < 0 else []
    kinds += ["actors"] if clause.topic == "performance" else []
    kinds += ["story"] if clause.topic in ("scene", "intro") else []
    kinds += ["facts"] if clause.kind == 3 else []
    return kinds


def ways_to_ask(movie: Movie, clause: Clause, previous: Optional[Clause], rng: random.Random) -> List[Ask]:
    """Return the ways to ask for ``clause`` if ``previous`` was said just before."""
    asks = []
    who = movie.cast[clause.subject] if clause.subject >= 0 else None
    content = _content_asks(clause)
    if content:
        weight = 4.0 if clause.topic not in TOPIC_ASKS else 1.5
        asks.append(Ask("content", weight, content, {}, _same_content(clause)))
    if clause.topic in TOPIC_ASKS:
        same_topic = lambda other: other.topic == clause.topic  # noqa: E731
        asks.append(Ask("content", 3.0, TOPIC_ASKS[clause.topic], {}, same_topic))
    if clause.place and clause.topic in PLACE_ASKS:
        preposition, words = lexicon.PLACES[clause.place]
        word = rng.choice(words) if words and rng.random() >= SAME_WORD else clause.place
        slots = dict(place=word, at=f"{preposition} the {word}")
        same_place = lambda other: other.place == clause.place and other.topic == clause.topic  # noqa: E731
        asks.append(Ask("place", 3.0, PLACE_ASKS[clause.topic], slots, same_place))
    if who and (clause.named or clause.traded or clause.topic == "why"):
        asks += _person_ways(clause, who, previous, rng)
    for kind in _general(clause):
        accepts = lambda other, kind=kind: kind in _general(other)  # noqa: E731
        asks.append(Ask("general", 2.0, GENERAL_ASKS[kind], {}, accepts))
    return asks + (_follow_ups(movie, clause, previous) if previous else [])


def _person_ways(clause: Clause, who: Character, previous: Optional[Clause], rng: random.Random) -> List[Ask]:
    asks = []
    slots = {**who.slots, "man": "man" if who.male else "woman"}
    if clause.topic == "why":
        slots["does"] = plots.EVENTS[clause.value].does
        calls = [who.name]
    else:
        calls = _calls(clause, who, rng)
    slots["d"] = rng.choice(calls)
    by_name = slots["d"].startswith(who.name)

    def about(other: Clause) -> bool:
        known = other.named if by_name else other.traded
        return other.subject == clause.subject and (known or other.topic == "why")

    same_topic = lambda other: about(other) and other.topic == clause.topic  # noqa: E731
    if clause.topic == "why":
        same_topic = lambda other: other.topic == "why" and other.value == clause.value  # noqa: E731
    asks.append(Ask("person", 4.0, PERSON_ASKS[clause.topic], slots, same_topic))
    if clause.topic != "why":
        asks.append(Ask("general", 1.0, GENERAL_ASKS["person"], slots, about))
        if previous and previous.topic == clause.topic and previous.subject != clause.subject:
            asks.append(Ask("follow", 6.0, SAME_TOPIC_ASKS, slots, same_topic))
    return asks


def _follow_ups(movie: Movie, clause: Clause, previous: Clause) -> List[Ask]:
    if clause.subject < 0 or previous.subject < 0:
        return []
    slots = {
        **movie.cast[clause.subject].slots,
        "one": {"performance": "role", "cast": "actor"}.get(clause.topic, "person"),
    }
    same = previous.subject == clause.subject
    if clause.topic == "why":
        return (
            [Ask("follow", 12.0, WHY_ASKS, slots, lambda other: other is clause)]
            if same and previous.value == clause.value
            else []
        )
    if same and clause.topic in MORE_ASKS:
        accepts = lambda other: other.subject == clause.subject and other.topic == clause.topic  # noqa: E731
        return [Ask("follow", 5.0, MORE_ASKS[clause.topic], slots, accepts)]
    if not same and clause.topic == previous.topic:
        accepts = lambda other: other.topic == clause.topic and other.subject != previous.subject  # noqa: E731
        return [Ask("follow", 5.0, OTHER_ASKS, slots, accepts)]
    return []


def phrase(ask: Ask, clause: Clause, rng: random.Random) -> str:
    """Return a query that prefers words that ``clause`` does not use."""
    return expand(rng.choice(ask.templates), rng, ask.slots, avoid=clause.text, same=SAME_WORD)
