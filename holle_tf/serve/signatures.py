"""The signatures of a served model: what clients of TensorFlow Serving ask for by ``signature_name``.

They are those of the SavedModel (``holle_tf/export/savedmodel.py``) without ``encode`` and ``answer``. In
their place, the service takes the ids of documents.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from holle_tf.catalogue import DEFAULT_STUDENT, MODELS
from holle_tf.evaluate.answers import Answer
from pipelines.json_values import as_text

DEFAULT, EXPLAIN, TOKENS = "serving_default", "explain", "tokens"
OF_TEXTS = (DEFAULT, EXPLAIN)
TEXTS = MODELS[DEFAULT_STUDENT].inputs
EDGES = ("start_probabilities", "end_probabilities")
_DIGITS = 6  # of probabilities
_ROW, _LIST = ("-1",), ("-1", "-1")  # any number of chats; and of spans or words of each
_SPANS = {"span": "DT_STRING", "start_char": "DT_INT32", "end_char": "DT_INT32", "score": "DT_FLOAT"}
_OUTPUTS: dict[str, dict[str, tuple[str, Sequence[str]]]] = {
    DEFAULT: {
        **{name: (kind, _ROW) for name, kind in _SPANS.items()},
        **{f"n_best_{name}": (kind, _LIST) for name, kind in _SPANS.items()},
    }
}
_OUTPUTS[EXPLAIN] = {
    **_OUTPUTS[DEFAULT],
    **{f"token_{edge}": ("DT_INT32", _LIST) for edge in ("starts", "ends")},
    "token_count": ("DT_INT32", _ROW),
    **{edge: ("DT_FLOAT", _LIST) for edge in EDGES},
}
_OUTPUTS[TOKENS] = {edge: ("DT_FLOAT", _LIST) for edge in EDGES}


def unknown(name: str) -> str:
    """Why a signature is refused."""
    return f"{as_text(name[:80])!r} is none of the signatures {', '.join((*OF_TEXTS, TOKENS))}"


def metadata(model: str, version: str, token_inputs: Sequence[str]) -> dict[str, Any]:
    """What ``GET /v1/models/MODEL/metadata`` answers, in the format of TensorFlow Serving.

    Args:
        token_inputs: of the signature ``tokens``, without the lengths; empty if the model has none.
    """
    texts = {name: ("DT_STRING", _ROW) for name in TEXTS}
    inputs: dict[str, Mapping[str, tuple[str, Sequence[str]]]] = {name: texts for name in OF_TEXTS}
    if token_inputs:
        lengths = {f"{name}_length": ("DT_INT32", _ROW) for name in TEXTS}
        inputs[TOKENS] = {**{name: ("DT_INT32", _LIST) for name in token_inputs}, **lengths}
    definitions = {
        name: {
            "inputs": _tensors(given),
            "outputs": _tensors(_OUTPUTS[name]),
            "method_name": "tensorflow/serving/predict",
        }
        for name, given in inputs.items()
    }
    return {
        "model_spec": {"name": model, "signature_name": "", "version": version},
        "metadata": {"signature_def": {"signature_def": definitions}},
    }


def _tensors(of_name: Mapping[str, tuple[str, Sequence[str]]]) -> dict[str, Any]:
    return {
        name: {
            "dtype": kind,
            "tensor_shape": {"dim": [{"size": size, "name": ""} for size in sizes], "unknown_rank": False},
            "name": name,
        }
        for name, (kind, sizes) in of_name.items()
    }


def explanations(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """What ``explain`` adds to each chat's prediction.

    As in the SavedModel, lists are padded with zeros to the words of the longest document, and to one word.
    """
    width = max([1, *(len(answer.token_starts) for answer in answers)])

    def row(values: np.ndarray) -> list[Any]:
        found = [round(value, _DIGITS) for value in values.tolist()]
        return found + [0] * (width - len(found))

    return [
        {
            "token_starts": row(answer.token_starts),
            "token_ends": row(answer.token_ends),
            "token_count": len(answer.token_starts),
            "start_probabilities": row(answer.start_probabilities),
            "end_probabilities": row(answer.end_probabilities),
        }
        for answer in answers
    ]
