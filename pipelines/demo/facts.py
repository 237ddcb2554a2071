"""The fact table of a fictitious movie, and how people ask for each fact."""

from typing import Dict, NamedTuple, Tuple


class Fact(NamedTuple):
    """An entry of the fact table; its values are drawn anew for every movie."""

    tells: Tuple[str, ...]
    asks: Tuple[str, ...]


_AMOUNT = "[two|three|four|five|six|seven|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|seventy]"
_LAND = "[Norway|Spain|Morocco|Iceland|Mexico|Canada|Ireland|Japan|Italy|Scotland|Brazil|Egypt]"
_MONTH = "[January|March|April|June|July|August|October|November|December]"
_BEST = "[best actress|best score|best costumes|best debut|best script|best effects]"
_GENRE = "[comedy|drama|thriller|adventure|western|fantasy|musical]"

FACTS: Dict[str, Fact] = {
    "budget": Fact(
        (f"Budget: {_AMOUNT} million dollars", f"Made on a budget of {_AMOUNT} million"),
        ("How much did it cost?", "Was it expensive to make?", "How much <money> was spent on it?"),
    ),
    "gross": Fact(
        (
            f"Box office: {_AMOUNT} million dollars",
            "Box office: only [two|three|four|five|six] hundred thousand dollars",
        ),
        ("Was it a hit?", "How much did it earn?", "Did it make any profit?", "Was it a commercial success?"),
    ),
    "time": Fact(
        (
            "Running time: [seventy five|one hundred and ten|two hundred] minutes",
            "Running time: [two|three] hours",
        ),
        ("How long is it?", "How many hours does it last?", "Do I need a whole evening for it?"),
    ),
    "release": Fact(
        (f"Released in {_MONTH}", f"In theaters since {_MONTH}"),
        ("When did it come out?", "What is the release date?", "Is it new?", "How old is it?"),
    ),
    "filmed": Fact(
        (f"Filmed in {_LAND} and {_LAND}", f"Shot on location in {_LAND}"),
        ("Where was it [shot|filmed]?", "Which country was it made in?", "Where did the crew work?"),
    ),
    "directed": Fact(
        ("Directed by {someone}",),
        ("Who is the <director>?", "Who directed it?", "Who was behind the camera?"),
    ),
    "written": Fact(
        ("Written by {someone}", "Screenplay by {someone}"),
        ("Who is the author?", "Who wrote it?", "Who came up with the story?"),
    ),
    "composed": Fact(
        ("Music by {someone}", "Score composed by {someone}"),
        ("Who is the composer?", "Who wrote the <music>?", "Who did the songs?"),
    ),
    "rating": Fact(
        (
            "Rating: [three|four|six|seven|eight|nine] out of ten",
            "Average score: [two|three|four] stars out of five",
        ),
        ("How was it rated?", "How many points did it get?", "What grade did it get online?"),
    ),
    "award": Fact(
        (
            f"Awards: the [Silver|Golden] [Lion|Bear|Palm|Star] for {_BEST}",
            f"Winner of the [Silver|Golden] [Lion|Bear|Palm|Star] for {_BEST}",
        ),
        ("Did it get any <prize>?", "Was it honored?", "Did it win an Oscar or so?"),
    ),
    "basis": Fact(
        ("Based on [a true story|a comic book|an old legend]", "Based on a novel by {someone}"),
        ("What inspired it?", "Is the idea original?", "Is there a source for it?"),
    ),
    "sequel": Fact(
        ("A sequel is planned for next [summer|winter|year]", "Followed by a sequel and a series"),
        ("Will there be a second one?", "Does the story continue?", "Is it a franchise?"),
    ),
    "genre": Fact(
        (f"Genre: {_GENRE} with a touch of [horror|mystery|crime|romance]",),
        ("What kind of <film> is it?", "What category is it?", "Which section would I look for it in?"),
    ),
    "similar": Fact(
        ("Similar films: {other} and {another}",),
        ("Is there anything like it?", "Can you compare it to something?"),
    ),
}

CAST_TELLS = ("{actor} as {full}", "{actor} plays {full}", "Starring {actor} as {full}")
