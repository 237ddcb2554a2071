"""The files beside a model that reads ids, with which any program can turn text into ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from holle_tf.export.student import Student
from holle_tf.models.sam import CONTEXT
from pipelines.tokenizer import PLAIN_QUOTES, word_pattern
from pipelines.vocabulary import NULL, PAD, UNK
from pipelines.word_keys import KEY_BYTES, KEY_VERSION, STEM_BITS, STEM_CHARS, WORD_BITS, word_key

VOCABULARY, TOKENIZER = "vocab.txt", "tokenizer.json"
NUL = "\0"


def write_client_files(student: Student, folder: Path) -> None:
    """Write ``vocab.txt`` and ``tokenizer.json`` (pattern, quotes, limits, keys; see docs/export.md).

    Only a student that reads the keys of words has ``keys``, and only one that can say that there is no
    answer has ``null``: what a client puts in front of the words of every document, and the threshold.
    """
    write_vocabulary(student, folder)
    limits = student.limits
    tokenizer: dict[str, Any] = {
        "pattern": word_pattern(limits.rules).pattern,  # of Python's re
        "replace_before": {NUL: "\ufffd"},
        "lowercase": True,
        "replace_in_words": {chr(old): new for old, new in PLAIN_QUOTES.items()},
        "padding_id": PAD,
        "unknown_id": UNK,
        "last_words": {name: limits.words_of(name) for name in CONTEXT},
        "max_span": limits.span_words,
        "n_best": limits.n_best,
    }
    if student.matches:
        tokenizer["keys"] = {
            "version": KEY_VERSION,
            "hash": "crc32",
            "bytes": KEY_BYTES,
            "stem_characters": STEM_CHARS,
            "stem_bits": STEM_BITS,
            "word_bits": WORD_BITS,
        }
    if student.has_null:
        tokenizer["null"] = {
            "id": student.words.index(NULL),
            "key": word_key(NULL),
            "threshold": limits.null_threshold,
        }
    text = json.dumps(tokenizer, indent=1, ensure_ascii=True) + "\n"
    (folder / TOKENIZER).write_text(text, encoding="utf-8")


def write_vocabulary(student: Student, folder: Path) -> Path:
    """Write ``vocab.txt``: UTF-8, a word a line, whose id is the number of the line from 0.

    No word contains white space, so none is split.
    """
    path = folder / VOCABULARY
    path.write_bytes("".join(f"{word}\n" for word in student.words).encode("utf-8"))
    return path
