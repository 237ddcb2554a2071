"""Options of the data and of the demo corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pipelines.option import option

WINDOWS = "windows"  # short documents, cut out of the long ones at random
# Which document of an example is read. The reader of data.schema knows where it is in the files.
SETUPS = ("sd", "ld", WINDOWS, "full", "oracle", "oracle_full")
HOLLE = "holle"  # the schema of the demo corpus
SQUAD = "squad"
QUAC = "quac"
COQA = "coqa"
DOC2DIAL = "doc2dial"
AUTO = "auto"  # of schema, and of words: told from the files; Holl-E's, and latin, where there are none
CUT = (SQUAD, QUAC, COQA, DOC2DIAL)  # schemas whose documents are cut to window_words and long_words
DROP, LEARN = "drop", "learn"  # what becomes of questions without an answer
SPAN, SENTENCE = "span", "sentence"  # what an example's answer is
LATIN, UNICODE = "latin", "unicode"  # rules for words, see tokenizer.word_pattern
RULES = (LATIN, UNICODE)
EXCERPTS = CHAT, EXAMPLE = ("chat", "example")  # what a short document of the demo corpus is cut for
LONG_SETUPS = ("ld", "full")  # documents that teachers read in chunks


@dataclass(frozen=True)
class DataConfig:
    """Options that change the prepared records, and therefore their fingerprint."""

    schema: str = option(
        AUTO, "schema of the raw files, a name of pipelines/readers/registry.py; auto tells it by their keys"
    )
    setup: str = option(
        "sd", "which document of an example is read; the paper's are sd and ld", choices=SETUPS
    )
    history_turns: int = option(2, "utterances of each side that are kept (paper, section 5.1)")
    max_query_words: int = option(100, "words of a query; a longer one keeps its last words")
    max_history_words: int = option(100, "words of each side's history; a longer one keeps its last words")
    max_word_chars: int = option(16, "characters of a word that the character encoders see", positive=True)
    min_char_count: int = option(5, "characters seen less often share one id")
    min_word_count: int = option(2, "without GloVe: words seen less often share the unknown vector")
    word_dim: int = option(100, "dimension of the word vectors, from GloVe or learned", positive=True)
    min_coverage: float = option(
        0.5,
        "share of the words of train that need a vector of the GloVe file, else preparation stops",
        at_most=1,
    )
    max_dropped: float = option(0.05, "share of unusable examples above which preparation stops")
    lowercase_match: bool = option(True, "accept a span that equals the text except for case")
    words: str = option(
        AUTO,
        "rules for words: unicode, for any script, or latin, the older ones; auto tells them by train",
        choices=(AUTO, *RULES),
    )
    shard_examples: int = option(2000, "examples in one TFRecord file")
    window_words: int = option(
        256, "words of a document of the setup windows; all schemas but holle: the most in sd", positive=True
    )
    answer: str = option(
        SPAN,
        "the gold answer: the span of the file, or (not in schema holle) the whole sentence around it",
        choices=(SPAN, SENTENCE),
    )
    long_words: int = option(
        700, "all schemas but holle: the most words of a document of the setup ld", positive=True
    )
    unanswerable: str = option(
        DROP,
        "questions without an answer: drop leaves them out; learn adds a null position to every document",
        choices=(DROP, LEARN),
    )

    @property
    def has_null(self) -> bool:
        """Whether the first position of every document stands for "no answer"."""
        return self.unanswerable == LEARN

    def decisive(self) -> dict[str, Any]:
        """The options that change the records of this schema and setup.

        The default schema and answer are left out, and the older rules for words: data prepared before there
        was a choice keep their fingerprint. ``min_coverage`` changes no record. ``auto`` counts as the schema
        of Holl-E, and as the older rules: whoever prepares data has told both before.
        """
        options = asdict(self)
        del options["min_coverage"]
        if self.unanswerable == DROP:
            del options["unanswerable"]
        if self.words != UNICODE:
            del options["words"]
        if self.schema in (AUTO, HOLLE):
            del options["schema"]
        if self.answer == SPAN:
            del options["answer"]
        if self.setup != WINDOWS and not (self.schema in CUT and self.setup == "sd"):
            del options["window_words"]
        if not (self.schema in CUT and self.setup == "ld"):
            del options["long_words"]
        return options


@dataclass(frozen=True)
class DemoConfig:
    """Arguments of ``generate_corpus``, which makes the data if there is no ``--data_dir``."""

    seed: int = option(0, "seed of the corpus, not of the training")
    train_examples: int = option(4000, "examples of the training split")
    dev_examples: int = option(400, "examples of the dev split")
    test_examples: int = option(600, "examples of the test split")
    document_words: int = option(110, "words of a short document, about")
    excerpts: str = option(
        "chat", "a short document is cut for each chat, or for each example as in Holl-E", choices=EXCERPTS
    )
