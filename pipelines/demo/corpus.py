"""Writes the demo corpus: three splits in the raw schema of Holl-E, about movies that do not exist."""

import json
import logging
import random
from pathlib import Path
from typing import Iterator, List, NamedTuple, Union

from pipelines.demo import lexicon
from pipelines.demo.chats import Exchange, write_chat
from pipelines.demo.documents import (
    Document,
    choose_units,
    excerpt,
    interleave,
    ranked_units,
    render,
    window,
)
from pipelines.demo.movie_writer import MovieWriter
from pipelines.demo.movies import KINDS, Movie, Unit
from pipelines.errors import UserError
from pipelines.files import atomic_file
from pipelines.options import CHAT, EXAMPLE, EXCERPTS

logger = logging.getLogger(__name__)

GLOVE_PATH = Path(__file__).with_name("glove.demo.100d.txt.gz")
# split -> (file, prefix of the ids as in Holl-E)
_SPLITS = {
    "train": ("train_data.json", "tr"),
    "dev": ("dev_data.json", "dv"),
    "test": ("test_data.json", "ts"),
}
_CHATS_PER_MOVIE = 2
_ORACLE_WORDS = 256  # limits of the Holl-E schema
_REDUCED_WORDS = 1200
_BLOCK_WORDS = 28  # length of a block of the same kind of text, in `mixed`


def generate_corpus(
    folder: Union[str, Path],
    *,
    seed: int = 0,
    train_examples: int = 4000,
    dev_examples: int = 400,
    test_examples: int = 600,
    document_words: int = 110,
    excerpts: str = CHAT,
) -> Path:
    """Write ``train_data.json``, ``dev_data.json`` and ``test_data.json`` into ``folder`` and return it.

    The same arguments give the same bytes. No movie is in two splits. ``mixed`` has about
    ``document_words`` words (20 to 20,000), ``full_reduced`` four times as many but at most 1,200, and
    ``full`` has all texts about the movie and is longer than both.

    Args:
        folder: made if it is missing.
        seed: of everything random.
        train_examples, dev_examples, test_examples: sizes of the splits.
        document_words: words of ``mixed``, about.
        excerpts: "chat": all examples of a chat have the same ``mixed``. "example": each has its own, as in
            Holl-E, and the chat is about a text of four times its length.

    Raises:
        UserError: a size is out of range, ``excerpts`` is unknown, or the folder cannot be written.
    """
    folder = Path(folder)
    sizes = {"train": train_examples, "dev": dev_examples, "test": test_examples}
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"demo corpus: {name}_examples is {size}; ask for at least 1")
    if not 20 <= document_words <= 20_000:
        raise UserError(f"demo corpus: document_words is {document_words}; choose from 20 to 20000")
    if excerpts not in EXCERPTS:
        raise UserError(f"demo corpus: excerpts is {excerpts!r}; choose one of {', '.join(EXCERPTS)}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UserError(
            f"{folder}: cannot make this folder for the demo corpus ({fault.strerror})"
        ) from fault
    for number, (split, (file, _)) in enumerate(_SPLITS.items()):
        records = _records(split, number, sizes[split], document_words, seed, excerpts == EXAMPLE)
        with atomic_file(folder / file) as out:
            # Record by record: with long documents a split is larger than memory.
            for count, record in enumerate(records):
                out.write(b"[\n" if count == 0 else b",\n")
                out.write(json.dumps(record, ensure_ascii=False).encode("utf-8"))
            out.write(b"\n]\n")
        logger.info(f"demo corpus: wrote {sizes[split]} examples to {folder / file}")
    return folder


def _title(index: int, seed: int) -> str:
    """Return the title of movie ``index``; different indices have different titles."""
    pairs = len(lexicon.TITLE_FIRST) * len(lexicon.TITLE_SECOND)
    order = random.Random(f"titles/{seed}").sample(range(pairs), pairs)
    part, place = divmod(index, pairs)
    first, second = divmod(order[place], len(lexicon.TITLE_SECOND))
    title = f"The {lexicon.TITLE_FIRST[first]} {lexicon.TITLE_SECOND[second]}"
    return title if part == 0 else f"{title} {part + 1}"


def _records(split: str, number: int, size: int, words: int, seed: int, by_example: bool) -> Iterator[dict]:
    prefix = _SPLITS[split][1]
    full_words = max(int(1.25 * words), min(6 * words, _REDUCED_WORDS))
    written = chat_number = movie_number = 0
    while written < size:
        name = _title(len(_SPLITS) * movie_number + number, seed)
        imdb_id = f"demo-{prefix}-{movie_number}"
        movie = MovieWriter(name, imdb_id, full_words, f"{seed}/{imdb_id}/{words}").write()
        for _ in range(_CHATS_PER_MOVIE):
            rng = random.Random(f"{seed}/{prefix}/{chat_number}/{words}")
            for record in _chat_records(movie, f"{prefix}_{chat_number}", words, rng, by_example):
                if written < size:
                    yield record
                    written += 1
            chat_number += 1
        movie_number += 1


class _Documents(NamedTuple):
    """The texts of a chat; each text but those of a kind holds all of ``mixed``.

    Attributes:
        mixed, reduced, full: the texts of these names.
        by_kind: the text of each kind.
        units: those of ``reduced``, by kind.
    """

    mixed: Document
    reduced: Document
    full: Document
    by_kind: List[Document]
    units: List[List[Unit]]


def _documents(movie: Movie, words: int, rng: random.Random) -> _Documents:
    characters = len(movie.cast)
    focus = rng.sample(range(characters), min(characters, max(3, words // 40)))
    ranked = ranked_units(movie, focus, rng)
    mixed = choose_units(ranked, words)
    if words <= _REDUCED_WORDS:
        reduced = choose_units(ranked, min(4 * words, _REDUCED_WORDS - 30))
    else:  # `mixed` is longer than `full_reduced` may be: _chat_records cuts a window
        reduced = mixed
    kinds = [[unit for unit in movie.units if unit.kind == kind] for kind in range(len(KINDS))]
    return _Documents(
        render(interleave(mixed, _BLOCK_WORDS, rng)),
        render(interleave(reduced, 3 * _BLOCK_WORDS, rng)),
        render(unit for kind in kinds for unit in kind),
        [render(kind) for kind in kinds],
        reduced,
    )


def _chat_records(
    movie: Movie, chat_id: str, words: int, rng: random.Random, by_example: bool
) -> Iterator[dict]:
    made = _documents(movie, words, rng)
    about = made.reduced if by_example else made.mixed
    opening, exchanges = write_chat(movie, about, rng.randint(3, 6), rng)
    chat = opening + [text for exchange in exchanges for text in (exchange.query, exchange.response)]
    documents = _all_documents(movie, made.by_kind)
    for index, exchange in enumerate(exchanges):
        clause, mixed = exchange.clause, made.mixed
        if by_example:
            mixed = render(interleave(excerpt(made.units, clause, words, rng), _BLOCK_WORDS, rng))
        texts = {
            "full": made.full,
            "full_reduced": window(made.reduced, clause, _REDUCED_WORDS),
            "oracle": made.by_kind[clause.kind],
            "oracle_reduced": window(made.by_kind[clause.kind], clause, _ORACLE_WORDS),
            "mixed": mixed,
        }
        turn = len(opening) + 2 * index
        record = _dialogue(movie, chat_id, index, exchange, chat, turn)
        record["all_documents"] = documents
        record.update({key: document.text for key, document in texts.items()})
        record.update({f"answer_start_{key}": document.start(clause) for key, document in texts.items()})
        yield record


def _dialogue(movie: Movie, chat_id: str, index: int, exchange: Exchange, chat: List[str], turn: int) -> dict:
    before = chat[:turn]
    return {
        "chat_id": chat_id,
        "example_id": f"{chat_id}_{index}",
        "movie_name": movie.name,
        "imdb_id": movie.imdb_id,
        "label": exchange.clause.kind,
        "span": exchange.clause.text,
        "response": exchange.response,
        "query": exchange.query,
        "context": " ".join(before[-2:] + [exchange.query]),
        "short_history": before[-2:] or ["NH"],  # "no history", as Holl-E writes it
        "full_history": before or ["NH"],
        "chat": chat,
        # For analysis (tests, reports), never a feature.
        "demo": {"way": exchange.way, "answers": exchange.answers},
    }


def _all_documents(movie: Movie, by_kind: List[Document]) -> dict:
    facts = {clause.value: clause.text for clause in by_kind[3].clauses if clause.topic == "fact"}
    return {
        "plot": by_kind[0].text,
        "review": by_kind[1].text,
        "comments": [unit.text for unit in movie.units if unit.kind == KINDS.index("comments")],
        "fact_table": {
            "box_office": facts["gross"],
            "awards": [facts["award"]],
            "taglines": [],
            "similar_movies": [facts["similar"]],
            "movieName": movie.name,
            "director": facts["directed"],
            "genre": facts["genre"],
            "rating": [facts["rating"]],
            "cast": [clause.text for clause in by_kind[3].clauses if clause.topic == "cast"],
            "kb_flat": by_kind[3].text,
        },
    }
