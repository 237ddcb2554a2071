"""Cuts the GloVe vectors of the demo vocabulary out of a GloVe file.

    python -m pipelines.demo.make_glove glove.6B.zip

writes ``glove.demo.100d.txt.gz`` beside this file. Run it again when the grammars get new words. The same
GloVe file gives the same bytes.
"""

import argparse
import gzip
import io
import json
import logging
import tempfile
from pathlib import Path
from typing import Iterator, Set

from pipelines.demo import chats, facts, lexicon, opinions, plots, queries, traits
from pipelines.demo.corpus import GLOVE_PATH, generate_corpus
from pipelines.files import atomic_file
from pipelines.glove import read_glove
from pipelines.tokenizer import lookup_form, tokenize

logger = logging.getLogger(__name__)

DIM = 100
DECIMALS = 4  # hardly less than the vectors have, and the file is a third smaller


def demo_vocabulary() -> Set[str]:
    """Return the lookup forms of all words that the grammars can write, except invented names.

    They come from the grammars themselves, so that rare words are not missed, and from a small corpus, for
    the words that code adds between them.
    """
    words: Set[str] = set()
    for module in (chats, facts, lexicon, opinions, plots, queries, traits):
        tables = [value for name, value in vars(module).items() if name.isupper()]
        for text in _texts(tables):
            words |= _words(text.replace("|", " ").replace("[", " ").replace("]", " "))
    with tempfile.TemporaryDirectory() as folder:
        generate_corpus(folder, train_examples=600, dev_examples=1, test_examples=1)
        for record in json.loads((Path(folder) / "train_data.json").read_text(encoding="utf-8")):
            for text in (record["full"], *record["chat"]):
                words |= _words(text)
    return words


def make_glove(source: str, target: Path = GLOVE_PATH) -> Path:
    """Write the vectors that ``source`` (Stanford's .txt, .gz or .zip) has for the demo vocabulary.

    Raises:
        UserError: ``source`` is missing, broken, or has no vectors of 100 numbers.
    """
    wanted = demo_vocabulary()
    vectors = read_glove(source, wanted, DIM)
    lines = (
        f"{word} {' '.join(f'{number:.{DECIMALS}f}' for number in vectors[word])}\n"
        for word in sorted(vectors)
    )
    # No name and time in the gzip header, so that the bytes depend only on words and vectors.
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as file:
        for line in lines:
            file.write(line.encode("utf-8"))
    with atomic_file(target) as out:
        out.write(packed.getvalue())
    logger.info(f"{target}: {len(vectors)} words, {target.stat().st_size / 1e6:.2f} MB")
    return target


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _texts(item)


def _words(text: str) -> Set[str]:
    return {lookup_form(token.text) for token in tokenize(text)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "glove", help="glove.6B.zip or glove.6B.100d.txt, see https://nlp.stanford.edu/projects/glove/"
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    make_glove(parser.parse_args().glove)
