"""The template language of all texts of the demo corpus."""

import random
import re
from typing import Dict, Optional

from pipelines.demo.lexicon import CLUSTERS

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_CLUSTER = re.compile(r"<(\w+)>")
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])")
_WORD = re.compile(r"[a-z]+")


def expand(
    template: str,
    rng: random.Random,
    slots: Optional[Dict[str, str]] = None,
    avoid: str = "",
    same: float = 1.0,
) -> str:
    """Return one of the texts that ``template`` describes.

    ``[a|b]`` is a choice and may be nested; ``<scary>`` is a word of that cluster of synonyms; ``{name}`` is
    a slot, which is filled first. With probability ``1 - same`` a cluster word is not in ``avoid``, if there
    is such a word: this makes a query paraphrase its answer.
    """
    text = _SLOT.sub(lambda found: (slots or {})[found.group(1)], template)
    while "[" in text:
        text = _CHOICE.sub(lambda found: rng.choice(found.group(1).split("|")), text)
    seen = _WORD.findall(avoid.lower())

    def pick(found: re.Match[str]) -> str:
        words = CLUSTERS[found.group(1)]
        fresh = [word for word in words if not any(part in seen for part in word.split())]
        return rng.choice(fresh if fresh and rng.random() >= same else words)

    text = _CLUSTER.sub(pick, text)
    return _ARTICLE.sub(r"\1n ", text)


def sentence(text: str, mark: str = ".") -> str:
    """Return ``text`` with a capital first letter and a final mark."""
    return text[:1].upper() + text[1:] + mark


def invented_word(rng: random.Random, syllables: int) -> str:
    """Return a capitalised word that is in no dictionary, so that only its letters identify it."""
    onsets = "b br d dr f g gr h j k l m n p r s st t th tr v z sh kl".split()
    codas = ("", "", "l", "n", "r", "s", "k", "m", "rn", "th", "x", "nd", "sk")
    parts = [
        rng.choice(onsets) + rng.choice("aeiou") + rng.choice(("", "", "l", "r", "n"))
        for _ in range(syllables)
    ]
    return ("".join(parts[:-1]) + parts[-1].rstrip("lrn") + rng.choice(codas)).capitalize()
