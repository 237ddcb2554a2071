"""Options of the data and of the demo corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

WINDOWS = "windows"
# setup -> (text key, key of the span's character offset) in the Holl-E raw schema.
SETUPS = {
    "sd": ("mixed", "answer_start_mixed"),
    "ld": ("full_reduced", "answer_start_full_reduced"),
    WINDOWS: ("full_reduced", "answer_start_full_reduced"),  # short, cut out of the long ones at random
    "full": ("full", "answer_start_full"),
    "oracle": ("oracle_reduced", "answer_start_oracle_reduced"),
    "oracle_full": ("oracle", "answer_start_oracle"),
}
LONG_SETUPS = ("ld", "full")  # documents that teachers read in chunks


@dataclass(frozen=True)
class DataConfig:
    """Options of the data, which change the prepared records (and their fingerprint)."""

    setup: str = "sd"  # one of SETUPS; the paper's SD and LD
    history_turns: int = 2  # utterances of each side that are kept (paper, section 5.1)
    max_query_words: int = 100  # a longer query keeps its last words
    max_history_words: int = 100  # of each side; a longer history keeps its last words
    max_word_chars: int = 16  # characters of a word that the character encoders see
    min_char_count: int = 5  # rarer characters share one id
    min_word_count: int = 2  # only without GloVe: rarer words share the unknown vector
    word_dim: int = 100  # dimension of GloVe, or of the learned vectors without it
    max_dropped: float = 0.05  # share of unusable examples above which preparing stops
    lowercase_match: bool = True  # accept a span that equals the text but for case
    shard_examples: int = 2000  # examples in one TFRecord file
    window_words: int = 256  # of a document of the setup "windows"

    def decisive(self) -> dict[str, Any]:
        """The options that change the records of this setup."""
        options = asdict(self)
        if self.setup != WINDOWS:
            del options["window_words"]
        return options


@dataclass(frozen=True)
class DemoConfig:
    """What ``generate_corpus`` is asked for when no ``--data_dir`` is given."""

    seed: int = 0  # of the corpus, not of the training
    train_examples: int = 4000
    dev_examples: int = 400
    test_examples: int = 600
    document_words: int = 110  # of the short document, about
