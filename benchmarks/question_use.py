"""Measures how much a model uses the question, and whether its attention finds equal words.

    .venv/bin/python -m benchmarks.question_use --models=qanet,bidaf,sam --runs_dir=runs
    .venv/bin/python -m benchmarks.question_use --models=qanet --fresh --set qanet.matching_start=true
    .venv/bin/python -m benchmarks.question_use --models=qanet --data_dir=FOLDER --glove=FILE --runs_dir=runs

Every model reads the dev split twice: with its own questions, and with those of examples half a batch away.
A model that does not use the question has the same loss and F1 both times. BiDAF and QANeT compare the words
of document and question. For these, the benchmark also measures the attention that a word of the document
pays to the same word of the question, and what it would pay if it attended to all words equally. Models are
trained on the labels if ``runs_dir`` lacks them; with ``--fresh`` they are untrained. The last line is JSON.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Iterable, Mapping, Optional

import numpy as np
import tensorflow as tf
from absl import app, flags
from rich.table import Table

from benchmarks.own_data import demo_or_own
from holle_tf.catalogue import MODELS, is_student
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.predictor import Predictor
from holle_tf.models.layers.masking import masked_softmax
from holle_tf.models.layers.trilinear_attention import BidafAttention, QanetAttention
from holle_tf.models.layers.word_embedding import UNKNOWN_ID
from holle_tf.runs.data import open_data
from holle_tf.system.console_logging import configure_console
from holle_tf.training.distillation import with_recipe
from holle_tf.training.setup import untrained_model
from holle_tf.training.train import ensure_run
from pipelines.dataset import make_dataset
from pipelines.records import split_input

_MODELS = flags.DEFINE_list("models", ["qanet"], "names of the catalogue")
_FRESH = flags.DEFINE_bool("fresh", False, "measure the models untrained")
_EXAMPLES = flags.DEFINE_integer("examples", 384, "examples of the dev split", lower_bound=2)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "folder of the raw chats (default: the demo corpus)")
_GLOVE = flags.DEFINE_string("glove", None, "word vectors")
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "folder of data and runs")
_SET = flags.DEFINE_multi_string("set", [], "options of the configuration, as for holle_tf.main")

BATCH = 64

Features = Mapping[str, tf.Tensor]


def with_other_questions(features: Features, inputs: Iterable[str]) -> dict[str, tf.Tensor]:
    """The batch with every input but the document taken from the example half a batch away.

    Neighbours are often of one conversation, and ask about the same document.
    """
    moved = {name for name in inputs if split_input(name)[0] != "document"}
    half = len(features["document"]) // 2
    return {name: tf.roll(text, half, 0) if name in moved else text for name, text in features.items()}


def attention_reader(model: tf.keras.Model) -> Optional[Callable[[Features], np.ndarray]]:
    """A function that returns the attention to the question, float32 (batch, doc_len, question_len).

    None if ``model`` does not compare the words of document and question.
    """
    found = [layer for layer in model.layers if isinstance(layer, (BidafAttention, QanetAttention))]
    if not found:
        return None
    compared = {"texts": found[0].input}
    if any(layer.name == "segments" for layer in model.layers):
        compared["bias"] = model.get_layer("segments").output[1]
    encoder = tf.keras.Model(model.input, compared)

    def read(features: Features) -> np.ndarray:
        encoded = encoder({name: features[name] for name in model.input}, training=False)
        document, question = (tf.cast(text, tf.float32) for text in encoded["texts"])
        similarity = found[0].similarity(document, question, training=False)
        if "bias" in encoded:
            similarity += tf.cast(encoded["bias"], tf.float32)[:, tf.newaxis, :]
        real = tf.not_equal(features["question"], 0)[:, tf.newaxis, :]
        weights: np.ndarray = masked_softmax(similarity, real).numpy()
        return weights

    return read


def attention_to_equal_words(
    read: Callable[[Features], np.ndarray], batches: Iterable[Any]
) -> dict[str, float]:
    """Means over the known words of documents that are in the question too.

    Returns:
        ``attention`` that such a word pays to its equals, and ``uniform``, their share of the question.
    """
    paid, shares = [], []
    for features, _ in batches:
        document, question = features["document"].numpy(), features["question"].numpy()
        weights = read(features)
        equal = (document[:, :, None] == question[:, None, :]) & (document > UNKNOWN_ID)[:, :, None]
        words = equal.any(axis=-1)
        paid.append((weights * equal).sum(axis=-1)[words])
        shares.append((equal.sum(axis=-1) / np.maximum((question != 0).sum(axis=-1), 1)[:, None])[words])
    return {
        "attention": float(np.concatenate(paid).mean()),
        "uniform": float(np.concatenate(shares).mean()),
    }


def measure(name: str) -> dict[str, Any]:
    """Loss and F1 with right and with other questions, and the attention to equal words if there is one."""
    given = {"model": name, "runs_dir": _RUNS_DIR.value}
    config = demo_or_own(_DATA_DIR.value, _GLOVE.value, given, _SET.value)
    if is_student(name):
        config = with_recipe(config, "_train")
    prepared = open_data(config)
    tf.keras.utils.set_random_seed(config.seed)
    model = untrained_model(config, prepared) if _FRESH.value else ensure_run(config, prepared).load_model()
    inputs = config.inputs_of(name)
    batches = list(
        make_dataset(prepared, "dev", inputs=inputs, batch_size=BATCH, limit=_EXAMPLES.value, texts=True)
    )
    predictor = Predictor(model, config.evaluation.max_span, conicity_of=())
    found: dict[str, Any] = {}
    others = [(with_other_questions(features, inputs), labels) for features, labels in batches]
    for kind, texts in (("right", batches), ("other", others)):
        read = predictor.predict(texts)
        found[kind] = {"loss": read.loss, "f1": read.f1}
    read_attention = attention_reader(model)
    if read_attention is not None:
        found["equal words"] = attention_to_equal_words(read_attention, batches)
    return found


def main(_: list[str]) -> None:
    configure_console()
    table = Table(
        "model",
        "loss",
        "with other questions",
        "F1",
        "with other questions",
        "attention to equal words",
        "uniform",
    )
    report: dict[str, Any] = {"fresh": _FRESH.value, "examples": _EXAMPLES.value, "models": {}}
    for name in _MODELS.value:
        found = report["models"][name] = measure(name)
        right, other, equal = found["right"], found["other"], found.get("equal words", {})
        cells = [f"{right['loss']:.2f}", f"{other['loss']:.2f}", f"{right['f1']:.1f}", f"{other['f1']:.1f}"]
        cells += [f"{equal[key]:.2f}" if equal else "-" for key in ("attention", "uniform")]
        table.add_row(MODELS[name].title, *cells)
    print_table(table, "dev split")
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
