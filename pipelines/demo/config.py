"""Size of the embedded demo corpus."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoConfig:
    """What ``generate_corpus`` is asked for when no ``--data_dir`` is given."""

    seed: int = 0  # of the corpus, not of the training
    train_examples: int = 4000
    dev_examples: int = 400
    test_examples: int = 600
    document_words: int = 110  # of the short document, about
