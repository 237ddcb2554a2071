"""What tells apart the models whose states of documents must not be mixed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Mapping

from pipelines.errors import UserError
from pipelines.files import json_sha256

WEIGHTS, VOCABULARY, TOKENIZER = "model.onnx", "vocab.txt", "tokenizer.json"
# Limits of the texts and spans of an answer; a document's states do not depend on them.
_OF_ANSWERS = ("last_words", "max_span", "n_best")


def model_fingerprint(export: Path, digests: Mapping[str, str]) -> str:
    """64 hex digits: of the weights, the vocabulary and the rules of the tokenizer of an ONNX export.

    Args:
        export: folder of the export.
        digests: SHA-256 of its weights and its vocabulary, and perhaps of other files, by name.

    Raises:
        UserError: a file cannot be read.
    """
    try:
        rules = json.loads((export / TOKENIZER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{export / TOKENIZER}: cannot be read ({error}); write it by --mode=export --format=onnx"
        ) from error
    kept = {name: value for name, value in rules.items() if name not in _OF_ANSWERS}
    if isinstance(kept.get("null"), dict):  # its threshold is a limit of answers, too
        kept["null"] = {name: value for name, value in kept["null"].items() if name != "threshold"}
    return json_sha256({WEIGHTS: digests[WEIGHTS], VOCABULARY: digests[VOCABULARY], TOKENIZER: kept})
