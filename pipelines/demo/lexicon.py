"""Words of the demo corpus: names, trades, places and clusters of synonyms."""

# Words of a cluster are close to each other in GloVe, so that a query can use another word than the document.
CLUSTERS = {
    "scary": ("scary", "frightening", "terrifying", "creepy", "chilling", "spooky"),
    "funny": ("funny", "hilarious", "amusing", "witty"),
    "sad": ("sad", "heartbreaking", "tragic", "painful"),
    "boring": ("boring", "dull", "tedious"),
    "beautiful": ("beautiful", "gorgeous", "stunning", "lovely"),
    "exciting": ("exciting", "thrilling", "gripping"),
    "violent": ("violent", "brutal", "bloody"),
    "romantic": ("romantic", "passionate", "tender"),
    "confusing": ("confusing", "puzzling", "bewildering"),
    "superb": ("superb", "excellent", "brilliant", "outstanding", "terrific", "magnificent"),
    "awful": ("awful", "terrible", "dreadful", "horrible"),
    "film": ("film", "movie", "picture"),
    "music": ("music", "score", "soundtrack"),
    "camera": ("camera work", "photography", "cinematography"),
    "script": ("script", "screenplay", "writing"),
    "effects": ("special effects", "visual effects", "computer effects"),
    "clothes": ("costumes", "clothes", "dresses", "outfits"),
    "ending": ("ending", "finale", "conclusion", "last scene"),
    "opening": ("opening", "beginning", "start", "first scene"),
    "humor": ("humor", "comedy", "comic timing"),
    "action": ("action", "fighting", "combat"),
    "love": ("love story", "romance", "love affair"),
    "tempo": ("pace", "tempo", "rhythm", "pacing"),
    "twist": ("twist", "surprise", "revelation"),
    "villain": ("villain", "antagonist", "bad guy"),
    "hero": ("hero", "protagonist", "main character"),
    "friend": ("companion", "partner", "best friend"),
    "director": ("director", "filmmaker"),
    "money": ("money", "cash", "fortune"),
    "prize": ("award", "prize", "trophy"),
    "wants": ("wants", "hopes", "longs", "wishes"),
}

WOMEN = (
    "Anna Maria Helen Alice Irene Martha Emma Julia Eva Grace Lucy Sarah Hannah Diana Rachel Ellen "
    "Susan Olivia Mary Kate Jane Amy Claire Elena Lily Nina Ada Agnes Edith Stella Tanya Naomi"
).split()
MEN = (
    "Thomas Peter Oscar Walter Victor Hugo Martin Simon David Daniel Leo Adam Samuel George Arthur "
    "Henry Edward Frank Paul Karl Bruno Ivan Boris Ben Jack Joseph Louis Philip Ralph Vincent Albert "
    "Anton Edgar Jonas Lucas Marcus Nathan Oliver Theo Erik Diego"
).split()
FAMILIES = (
    "Kane Stone Ford Hunter Brooks Carter Bennett Cole Ellis Foster Jordan Nolan Parker Quinn Shaw "
    "Turner Walsh York Wells Wilde Hart Hoffman Lang Morgan Murphy Newman Perry Porter Reynolds "
    "Russell Spencer Stark Sterling Tyler Vega Weaver Winters Burke"
).split()

# trade -> other words for it (a query uses one of these, or the trade itself if there is none)
TRADES = {
    "captain": ("commander",),
    "sailor": ("navy man",),
    "doctor": ("physician", "surgeon"),
    "policeman": ("cop", "police officer"),
    "lawyer": ("attorney",),
    "thief": ("burglar", "robber"),
    "teacher": ("instructor", "tutor"),
    "soldier": ("warrior",),
    "singer": ("vocal artist",),
    "farmer": ("rancher",),
    "journalist": ("reporter",),
    "killer": ("murderer", "assassin"),
    "scientist": ("physicist", "professor"),
    "priest": (),
    "boxer": ("fighter", "wrestler"),
    "cook": ("chef",),
    "nurse": (),
    "pilot": ("aviator",),
    "spy": ("secret agent",),
    "detective": ("investigator",),
    "judge": (),
    "butler": ("servant",),
    "student": ("college kid",),
    "artist": ("picture maker",),
    "novelist": ("writer", "author"),
    "witch": ("sorcerer",),
    "banker": ("businessman",),
    "mayor": ("politician",),
    "carpenter": ("craftsman",),
    "engineer": ("technician",),
    "pianist": ("musician",),
    "dancer": (),
    "prisoner": ("captive", "criminal"),
    "gangster": ("mobster",),
    "dentist": (),
    "librarian": (),
    "miner": (),
    "sheriff": (),
    "magician": (),
    "wizard": ("sorcerer",),
    "butcher": (),
    "astronaut": ("space traveler",),
    "guard": ("security man",),
    "salesman": (),
    "coach": ("trainer",),
    "general": ("commander",),
    "tailor": (),
    "biologist": (),
}
MALE_ONLY = ("policeman", "wizard", "priest", "butler", "salesman")
FEMALE_ONLY = ("witch", "nurse")

# place -> (preposition, other words for it)
PLACES = {
    "bridge": ("on", ()),
    "tower": ("in", ()),
    "harbor": ("in", ("port",)),
    "basement": ("in", ()),
    "attic": ("in", ()),
    "castle": ("in", ("fortress", "palace")),
    "hospital": ("in", ("clinic",)),
    "church": ("in", ("chapel",)),
    "hotel": ("in", ("inn",)),
    "train": ("on", ()),
    "ship": ("on", ("boat", "vessel")),
    "island": ("on", ()),
    "desert": ("in", ()),
    "forest": ("in", ("woods",)),
    "mountain": ("on", ()),
    "cave": ("in", ("cavern",)),
    "tunnel": ("in", ()),
    "lake": ("at", ()),
    "river": ("at", ("stream",)),
    "beach": ("on", ("shore",)),
    "prison": ("in", ("jail",)),
    "museum": ("in", ()),
    "theater": ("in", ("stage",)),
    "library": ("in", ()),
    "school": ("in", ("classroom",)),
    "farm": ("on", ("fields",)),
    "garden": ("in", ()),
    "kitchen": ("in", ()),
    "restaurant": ("in", ("cafe",)),
    "shop": ("in", ("store",)),
    "bank": ("in", ()),
    "casino": ("in", ()),
    "circus": ("at", ()),
    "stadium": ("in", ("arena",)),
    "graveyard": ("in", ("grave",)),
    "factory": ("in", ("warehouse",)),
    "roof": ("on", ()),
    "airport": ("at", ()),
    "station": ("at", ()),
    "lighthouse": ("in", ()),
    "mine": ("in", ()),
    "swamp": ("in", ()),
    "cabin": ("in", ("hut",)),
    "mansion": ("in", ("villa",)),
    "courtroom": ("in", ("court",)),
    "subway": ("in", ()),
    "zoo": ("in", ()),
}

GENRES = (
    "comedy",
    "drama",
    "thriller",
    "horror",
    "adventure",
    "mystery",
    "western",
    "romance",
    "fantasy",
    "crime",
)
TITLE_FIRST = (
    "Silent Broken Golden Hidden Bitter Burning Crooked Distant Empty Endless Frozen Gentle Heavy "
    "Last Lost Lucky Midnight Narrow Northern Paper Quiet Reckless Scarlet Secret Seventh Shallow "
    "Silver Stolen Sunken Winter"
).split()
TITLE_SECOND = (
    "Harbor Bridge Garden River Station Witness Promise Letter Mirror Shadow Circus Ocean Lantern "
    "Voyage Window Market Feather Candle Compass Crown Summer Evening Tower Stranger Island Wedding "
    "Storm Portrait Bargain Thief Sister Captain Piano Tunnel Kingdom Engine"
).split()
