"""What is true of the characters: wishes, fates, fears, secrets, kinship, mood."""

from typing import Dict, NamedTuple, Tuple


class Topic(NamedTuple):
    """A trait that a character may have, and the queries that fit only it."""

    tells: Tuple[str, ...]
    asks: Tuple[str, ...]


WISHES: Dict[str, Topic] = {
    "hotel": Topic(
        ("open a small hotel by the sea", "run a little restaurant"),
        ("Who [wants|plans] to start a business?",),
    ),
    "father": Topic(
        ("find {his} lost father", "meet {his} real parents"), ("Is anybody looking for family?",)
    ),
    "star": Topic(
        ("become a famous singer", "be a star on stage"),
        ("Who wants to be a celebrity?", "Who is after fame?"),
    ),
    "rich": Topic(
        ("get rich before {his} next birthday", "make a <money>"), ("Is anybody greedy?", "Who wants wealth?")
    ),
    "away": Topic(
        ("leave the village for good", "travel around the world"),
        ("Who wants to go on a journey?", "Who wants to see the world?"),
    ),
    "novel": Topic(
        ("write a great novel", "finish a book of poetry"), ("Does anybody have literary ambitions?",)
    ),
    "name": Topic(
        ("clear {his} name", "prove {his} innocence"),
        ("Is somebody falsely accused?", "Who was wrongly convicted?"),
    ),
    "cure": Topic(
        ("find a cure for a rare disease", "heal the sick for free"),
        ("Is there something medical?", "Who fights an illness?"),
    ),
    "fly": Topic(
        ("learn to fly a plane", "walk on the moon"),
        ("Is it about aircraft or space?", "Who dreams of the sky?"),
    ),
    "peace": Topic(
        ("end the war", "stop the fighting between two clans"),
        ("Who hates violence?", "Does anybody try to stop the conflict?"),
    ),
    "dog": Topic(
        ("keep a wild horse", "raise a young wolf"), ("Are there any animals?", "Does anybody love animals?")
    ),
}

FATES: Dict[str, Topic] = {
    "dies": Topic(
        ("dies in [the flood|the snow|a duel]", "drowns in the cold sea"),
        ("Who does not survive?", "Is there a death?"),
    ),
    "weds": Topic(
        ("marries {his} first love", "has a quiet wedding"),
        ("Is there a happy couple?", "Who ends up with a spouse?"),
    ),
    "jail": Topic(
        ("goes to jail for ten years", "is arrested at dawn"),
        ("Who gets punished?", "Does somebody end up behind bars?"),
    ),
    "goes": Topic(
        ("leaves the country for ever", "rides away alone"),
        ("Does anybody move abroad?", "Who says goodbye?"),
    ),
    "rich": Topic(
        ("inherits a fortune", "wins the lottery"),
        ("Who becomes wealthy?", "Does anybody end up a millionaire?"),
    ),
    "parent": Topic(
        ("adopts two orphans", "becomes a proud parent"),
        ("Does anybody get a child?", "Who ends up raising kids?"),
    ),
    "rule": Topic(
        ("is crowned in secret", "is elected president"), ("Who comes to power?", "Who becomes ruler?")
    ),
    "forgets": Topic(
        ("forgets everything", "wakes up without any memory"),
        ("Does somebody lose their memories?", "Who can not remember?"),
    ),
}

FEARS: Dict[str, Topic] = {
    "water": Topic(("deep water", "the sea"), ("Who can not swim?", "Is somebody afraid of the ocean?")),
    "dark": Topic(("the dark", "the night"), ("Who needs a light to sleep?",)),
    "dogs": Topic(("dogs", "horses"), ("Who is scared of animals?",)),
    "heights": Topic(("heights", "high buildings"), ("Does anybody hate climbing?",)),
    "crowds": Topic(("crowds", "strangers"), ("Who is shy?", "Is anybody scared of people?")),
    "blood": Topic(("blood", "surgery"), ("Who can not see a wound?",)),
}

SECRETS: Dict[str, Topic] = {
    "reads": Topic(("can not read or write",), ("Is anybody uneducated?", "Who never went to school?")),
    "heir": Topic(
        ("is the true heir to the throne", "is of royal blood"), ("Is somebody a hidden prince or princess?",)
    ),
    "twin": Topic(("has a twin", "has a double"), ("Are there two people who look identical?",)),
    "ill": Topic(
        ("has only six months to live", "is slowly going blind"),
        ("Is anybody ill?", "Is there a sick person?"),
    ),
    "letters": Topic(
        ("writes letters to a dead friend", "talks to {his} dead wife at night"),
        ("Who can not get over a loss?",),
    ),
    "works": Topic(("works for the enemy", "reports to the secret police"), ("Is there a [traitor|spy]?",)),
}

# (word for a man, word for a woman); the query that fits only it
KIN = {
    "younger": (("younger brother", "younger sister"), ("Are there any siblings?",)),
    "cousin": (("cousin", "cousin"), ("Is there some distant relative?",)),
    "boss": (("boss", "boss"), ("Who works for whom?", "Who has an employer?")),
    "neighbor": (("neighbor", "neighbor"), ("Does anyone live next door?",)),
    "ex": (("former husband", "former wife"), ("Is anybody divorced?",)),
    "child": (("lost son", "lost daughter"), ("Is anybody somebody's child?", "Who is whose parent?")),
    "rival": (
        ("bitter rival", "bitter rival"),
        ("Who are enemies?", "Is there any competition between them?"),
    ),
    "friend": (("oldest friend", "oldest friend"), ("Is there a [friendship|buddy]?",)),
}

MOODS: Tuple[str, ...] = (
    "lonely",
    "stubborn",
    "proud",
    "clumsy",
    "brave",
    "retired",
    "greedy",
    "cheerful",
    "bitter",
    "brilliant",
)
MOODS += ("nervous", "poor", "young", "old", "gentle", "ruthless", "famous", "forgotten", "lazy", "honest")
