"""What reviewers and viewers say about the fictitious movies, and how people ask for it."""

from typing import Dict, NamedTuple, Tuple


class Aspect(NamedTuple):
    """An aspect of a movie that opinions are about."""

    good: Tuple[str, ...]
    bad: Tuple[str, ...]
    asks: Tuple[str, ...]  # noun phrases that name the aspect in a query


ASPECTS: Dict[str, Aspect] = {
    "music": Aspect(
        (
            "the <music> [is full of warmth|carries every scene|stays in the head for days]",
            "the songs are <beautiful>",
        ),
        ("the <music> is [far too loud|cheap and repetitive]", "the songs never fit the story"),
        ("<music>", "songs", "sound", "melody"),
    ),
    "camera": Aspect(
        (
            "the <camera> is <beautiful>",
            "every shot looks like a painting",
            "the images glow in gold and blue",
        ),
        ("the <camera> is [shaky|dark] and hard to follow", "every image looks cheap"),
        ("<camera>", "visual side", "look of it"),
    ),
    "script": Aspect(
        ("the <script> is [clever|tight] and full of ideas", "the story is told with great care"),
        ("the <script> is [thin|lazy] and full of holes", "the story makes no sense at all"),
        ("<script>", "plot", "storytelling"),
    ),
    "tempo": Aspect(
        ("the <tempo> never drops", "two hours pass like ten minutes"),
        ("the <tempo> is [painfully slow|uneven]", "it is at least half an hour too long"),
        ("<tempo>", "speed of it", "length"),
    ),
    "effects": Aspect(
        ("the <effects> look real", "the monsters are a technical wonder"),
        ("the <effects> look [fake|cheap]", "the monsters are made of rubber"),
        ("<effects>", "digital tricks", "creatures"),
    ),
    "clothes": Aspect(
        ("the <clothes> are <beautiful>", "every hat and every coat is perfect for the period"),
        ("the <clothes> look [borrowed|too clean]", "the fake hair is a joke"),
        ("<clothes>", "wardrobe", "fashion"),
    ),
    "ending": Aspect(
        ("the <ending> is [perfect|worth the wait]", "the last ten minutes are <superb>"),
        ("the <ending> feels [rushed|flat|false]", "the last ten minutes ruin everything"),
        ("<ending>", "final part", "way it ends"),
    ),
    "opening": Aspect(
        (
            "the <opening> [pulls one in at once|is a small masterpiece]",
            "the first five minutes are <superb>",
        ),
        ("the <opening> [drags on for ever|is a mess]", "it takes an hour to get going"),
        ("<opening>", "early part", "way it begins"),
    ),
    "humor": Aspect(
        ("the <humor> is [sharp and dry|warm and silly]", "the whole theater laughed out loud"),
        ("the <humor> [falls flat|is for children only]", "nobody laughed, not even once"),
        ("<humor>", "comic side", "jokes"),
    ),
    "action": Aspect(
        ("the <action> is [fast and clear|wild and inventive]", "the car chase is <exciting>"),
        ("the <action> is [hard to follow|endless]", "the car chase goes on for ever"),
        ("<action>", "stunts", "fights"),
    ),
    "love": Aspect(
        ("the <love> is [sweet|full of quiet passion]", "the two lovers share real chemistry"),
        ("the <love> is [cold|forced]", "the two lovers have no chemistry"),
        ("<love>", "kissing", "relationship of the couple"),
    ),
    "twist": Aspect(
        ("the <twist> [took everyone by storm|changes all we knew]", "nobody saw it coming"),
        ("the <twist> is [easy to guess|silly]", "everyone guesses the secret after ten minutes"),
        ("<twist>", "big secret", "mystery"),
    ),
}

REVIEW_FRAMES = ("{it}",) * 5 + ("critics agree that {it}", "to be fair, {it}", "{it}, at least for a while")
COMMENT_FRAMES = ("{it}", "{it}", "I think {it}", "for me {it}", "my friends say that {it}", "wow, {it}")
# queries for an aspect; {what} names it
ASPECT_ASKS = (
    "How is the {what}?",
    "How about the {what}?",
    "What do people say about the {what}?",
    "Is the {what} any good?",
    "What did you think of the {what}?",
    "Did you like the {what}?",
    "Tell me about the {what}.",
    "I always care most about the {what}.",
)

OVERALL = {
    1: (
        "I would watch it again tomorrow",
        "it is the best <film> of the year",
        "everyone should see it once",
        "it deserves a place among the classics",
        "I have seen it five times by now",
    ),
    -1: (
        "I walked out after an hour",
        "it is a waste of time and talent",
        "I want my two hours back",
        "it is the worst <film> of the year",
        "I would not show it to my worst enemy",
    ),
}
OVERALL_ASKS = (
    "Is it worth watching?",
    "Would you recommend it?",
    "Should I see it tonight?",
    "Is it worth buying a ticket?",
    "What is the general verdict?",
)

# feeling -> how a comment on a scene or a character expresses it; queries that fit only this feeling
MOMENTS = {
    "scary": ("the scene {at} is so <scary> that I closed my eyes", "I could not sleep after the scene {at}"),
    "funny": (
        "the scene {at} is so <funny> that I fell off my chair",
        "I laughed until I cried at the scene {at}",
    ),
    "sad": ("the scene {at} is so <sad>", "I cried during the scene {at}"),
    "boring": ("the long scene {at} is <boring>", "I fell asleep during the scene {at}"),
    "violent": ("the scene {at} is too <violent> for children", "there is too much blood in the scene {at}"),
    "romantic": ("the kiss {at} is so <romantic>", "the two of them {at} are so <romantic>"),
    "confusing": ("the scene {at} is <confusing>", "I still do not understand the scene {at}"),
    "exciting": ("the scene {at} is <exciting>", "I sat on the edge of my seat during the scene {at}"),
}
FEELINGS_OF = {
    "scary": ("{d} scared me for days", "{d} is so <scary>"),
    "funny": ("{d} made me laugh so hard", "nobody is as <funny> as {d}"),
    "sad": ("I cried for {d}", "the story of {d} is so <sad>"),
    "hate": ("I could not stand {d}", "{d} got on my nerves", "I hated {d} from the first minute"),
    "love": ("I want {d} as a friend", "{d} is my favorite by far", "I fell in love with {d}"),
    "strange": ("{d} is a very odd person", "I never understood what {d} was about"),
}
FEELING_ASKS = {
    "scary": ("Is it <scary>?", "Is there any horror in it?", "Will I have nightmares?"),
    "funny": ("Is it <funny>?", "Is there something to laugh about?", "Does it have any comic relief?"),
    "sad": ("Is it <sad>?", "Do I need tissues?", "Is there anything tragic?"),
    "boring": ("Is any of it <boring>?", "Did anything bore you?", "Was there a part that was dull?"),
    "violent": ("Is it <violent>?", "Is there any gore?", "Can I take my kids?"),
    "romantic": ("Is it <romantic>?", "Is there any romance for a date night?"),
    "confusing": ("Is it <confusing>?", "Is there anything hard to understand?", "Is it complicated?"),
    "exciting": ("Is it <exciting>?", "Is there any suspense?", "Was it tense?"),
    "hate": ("Was anyone annoying?", "Who did you dislike?", "Which character irritated you?"),
    "love": ("Who is your favorite?", "Which character did you like best?", "Who is the most likable?"),
    "strange": ("Was anyone weird?", "Is there some strange character?"),
}

PERFORMANCE = {
    1: (
        "{actor} is <superb> as {d}",
        "{actor} gives {d} a [warm|human|quiet] heart",
        "{actor} steals every scene as {d}",
        "{actor} was born to play {d}",
    ),
    -1: (
        "{actor} is <awful> as {d}",
        "{actor} is badly cast as {d}",
        "{actor} never convinces as {d}",
        "{actor} looks bored as {d}",
    ),
}
FUNCTIONS = {
    "villain": (
        ("{d} is a <villain> with real menace", "{d} makes a <superb> <villain>"),
        ("{d} is too silly to be a good <villain>", "{d} is a weak <villain>"),
    ),
    "hero": (
        ("{d} is a <hero> one can believe in", "{d} makes a <superb> <hero>"),
        ("{d} is too perfect to be a good <hero>", "{d} is a pale <hero>"),
    ),
    "friend": (
        ("{d} is a <friend> that everyone wants", "{d} makes a <superb> <friend>"),
        ("{d} is wasted as the <friend>", "{d} is a poor <friend>"),
    ),
}
