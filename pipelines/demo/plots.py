"""What happens in the fictitious movies: events and their reasons."""

from typing import Dict, NamedTuple, Tuple


class Event(NamedTuple):
    """A kind of scene: how plots tell it, how people ask for it, and why a character does it."""

    acts: Tuple[str, ...]  # after the name of who does it; {at} is the place
    asks: Tuple[str, ...]  # queries that fit only this kind of scene
    does: str  # completes "Why does she ..."
    whys: Tuple[str, ...]  # whole clauses


EVENTS: Dict[str, Event] = {
    "theft": Event(
        (
            "steals [a golden watch|a crown|a painting|a diamond] {at}",
            "robs a rich [couple|tourist|widow] {at}",
        ),
        (
            "Is there a [robbery|theft|crime] in it?",
            "Does anybody take what is not theirs?",
            "Who is the criminal?",
        ),
        "[steal|take what belongs to others]",
        ("{he} needs the <money> for {his} sick mother", "{he} owes a [huge|large] debt to the wrong people"),
    ),
    "murder": Event(
        (
            "kills [a stranger|a witness|the guard] {at}",
            "shoots [an old friend|a rival|a man in a mask] {at}",
        ),
        ("Is there a [murder|killing|homicide]?", "Does somebody get [murdered|a bullet]?"),
        "[kill|murder|shoot] somebody",
        ("the victim knew too much about {his} past", "{he} wants revenge for {his} dead brother"),
    ),
    "rescue": Event(
        (
            "saves [a little girl|two children|a drowning man] {at}",
            "pulls [a baby|an old man] out of the fire {at}",
        ),
        ("Does anybody [get rescued|survive thanks to somebody]?", "Is there a brave rescue?"),
        "[save|rescue|help] somebody",
        ("{he} once lost a child of {his} own", "{he} can not bear to watch anyone suffer"),
    ),
    "escape": Event(
        ("escapes [through a window|over a wall|with a rope] {at}", "runs from [the police|two guards] {at}"),
        ("Is there [a chase|an escape|a pursuit]?", "Does anybody [flee|get away|break free]?"),
        "[flee|run away|get away]",
        ("{he} is wanted for something {he} never did", "{he} has a train to catch before [dawn|midnight]"),
    ),
    "fire": Event(
        (
            "sets fire to [the old piano|a stack of papers|the sofa] {at}",
            "burns [all the letters|a car] {at}",
        ),
        (
            "Does something go up in flames?",
            "Is there [an explosion|something hot]?",
            "What about the flames?",
        ),
        "[light the fire|burn it all]",
        ("{he} has to destroy the evidence", "nobody must ever read what is in those papers"),
    ),
    "discovery": Event(
        (
            "finds [a secret map|a love letter|an old diary] {at}",
            "uncovers [a box of coins|a wooden chest] {at}",
        ),
        ("Does anybody [discover|come across|notice] something?", "Is there a hidden treasure?"),
        "search there",
        ("an old woman told {him} where to look", "{his} grandfather left a clue in his last will"),
    ),
    "kidnap": Event(
        ("kidnaps [the banker|a young heir|the queen] {at}", "holds [a child|a judge] hostage {at}"),
        ("Is there [a kidnapping|a hostage]?", "Is someone [captured|taken away|held against their will]?"),
        "[kidnap|capture] somebody",
        ("{he} demands the release of {his} partner", "{he} wants a ransom of two million"),
    ),
    "confess": Event(
        (
            "confesses everything to [a priest|a stranger|the police] {at}",
            "tells [the judge|a reporter] the truth {at}",
        ),
        ("Does anybody [admit|own up to] what they did?", "Is there a confession?"),
        "[confess|admit it|talk]",
        ("{he} can not live with the guilt", "the wrong man was about to go to jail"),
    ),
    "fight": Event(
        ("fights [three men|a bear|a drunken giant] {at}", "knocks out [a champion|a bully] {at}"),
        ("Is there a [brawl|punch|duel]?", "Does anybody get beaten up?"),
        "[fight|throw a punch|brawl]",
        ("someone had insulted {his} family", "{he} has to prove that {he} is no coward"),
    ),
    "propose": Event(
        (
            "proposes to [a shy maid|a soldier|an old flame] {at}",
            "asks [a widow|a neighbor] for a wedding {at}",
        ),
        ("Does anybody get [engaged|married]?", "Is there a [proposal|marriage|bride]?"),
        "[propose|want to get married|offer a ring]",
        ("{he} has been in love since school", "{he} is tired of being alone"),
    ),
    "lost": Event(
        (
            "gets lost in a snow storm near the {place}",
            "loses the way [in thick fog|after dark] near the {place}",
        ),
        (
            "What about the [snow storm|bad weather]?",
            "Does anybody go missing?",
            "Is somebody unable to find home?",
        ),
        "go out in such weather",
        ("the dog had run off into the night", "the only medicine was on the other side"),
    ),
    "gamble": Event(
        ("bets the whole farm on a card game {at}", "loses [a house|a car] at poker {at}"),
        ("Is there any [gambling|betting]?", "Does anybody try their luck?", "Who plays poker?"),
        "[gamble|bet so much|play cards]",
        ("{he} believes that {his} luck has turned", "{he} was promised that the game was fixed"),
    ),
    "disguise": Event(
        (
            "[pretends to be|dresses up as] [a priest|a general|a butler] {at}",
            "wears a false [beard|uniform] {at}",
        ),
        (
            "Does anybody [wear a mask|hide who they are|use a fake identity]?",
            "Is somebody not who they claim to be?",
        ),
        "[wear a disguise|hide behind a costume]",
        ("{his} face is on every poster in town", "no outsiders are allowed inside"),
    ),
    "perform": Event(
        (
            "sings [an old song|a love song] for the first time {at}",
            "plays [the guitar|a sad tune] for a crowd {at}",
        ),
        ("Is there a [concert|musical number]?", "Does anybody give a performance?"),
        "[sing|go on stage]",
        ("the real star had lost her voice", "{he} had promised it to {his} dying teacher"),
    ),
    "injury": Event(
        ("falls and breaks [a leg|an arm] {at}", "is [bitten by a snake|hit by a truck] {at}"),
        ("Does anybody get [hurt|injured|wounded]?", "Is there an accident?"),
        "get into that accident",
        ("someone had cut the rope", "{he} was too proud to wear glasses"),
    ),
    "race": Event(
        (
            "wins a [horse|car|boat] race near the {place}",
            "beats the champion by a second in a race near the {place}",
        ),
        ("Is there any [competition|contest|sport]?", "Does anybody finish first?"),
        "[compete|take part]",
        ("the prize would pay for the operation", "{he} wants to impress {his} father"),
    ),
    "poison": Event(
        ("puts poison in [the beer|the soup|a cup of tea] {at}", "drinks from a poisoned [cup|bottle] {at}"),
        ("Is something [toxic|deadly] in the food?", "What about the poisoning?"),
        "[use poison|touch the drink]",
        ("the old king refused to die", "{he} wanted to blame the cook"),
    ),
    "meeting": Event(
        (
            "meets [a talking dog|a ghost|a boy from the future] {at}",
            "is visited by [an angel|a strange child] {at}",
        ),
        ("Is there anything [supernatural|magical]?", "Is there some [magic|fantasy] in it?"),
        "have such visions",
        ("{he} had wished for company on {his} birthday", "an old curse lies on {his} family"),
    ),
    "trap": Event(
        ("builds a trap for [the wolves|the robbers] {at}", "locks [two thugs|the twins] in a cage {at}"),
        ("Does anybody get [caught|trapped]?", "Is there an ambush?"),
        "[set a trap|lock them in]",
        ("the police did not believe {his} story", "{he} wants to protect the village"),
    ),
    "sell": Event(
        (
            "sells [the family ring|a rare book|a racing horse] {at}",
            "trades [a car|a kingdom] for a kiss {at}",
        ),
        ("Does anybody [trade|give away] something?", "Is there a deal?", "Who makes a bargain?"),
        "[sell it|make that deal]",
        ("the rent has not been paid since May", "{he} wants to start a new life abroad"),
    ),
}
