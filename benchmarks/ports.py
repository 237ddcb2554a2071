"""Compares our teachers with public PyTorch ports, in strict alternation. Needs PyTorch and the clones.

    git clone https://github.com/galsang/BiDAF-pytorch ports/BiDAF-pytorch
    git clone https://github.com/BangLiu/QANet-PyTorch ports/QANet-PyTorch
    .venv/bin/python -m benchmarks.ports --models=bidaf,qanet

Both read the same random texts: batches of 32, documents of 256 words, questions of 33 words, words of 16
characters. Sizes are the published ones; QANeT's port has our 8 heads, or its default of 1, which is less
work. A training step computes the loss of both edges and applies the clipped gradients. The last line is
JSON: medians in milliseconds, and each as a ratio to the port.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import numpy as np
import tensorflow as tf
from absl import app, flags
from rich.table import Table

from benchmarks.models import CHARACTERS, WORD_DIM, WORDS, make_distiller, random_batch
from benchmarks.taking_turns import median_seconds
from holle_tf.catalogue import MODELS
from holle_tf.config import Config
from holle_tf.config_sources import load_config
from holle_tf.drawing.terminal_table import print_table
from pipelines.errors import UserError
from pipelines.parallel import cores

_PORTS = flags.DEFINE_string("ports", "ports", "folder of the clones")
_MODELS = flags.DEFINE_list("models", ["bidaf", "qanet"], "bidaf, qanet, qanet:1 (with one head)")
_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=2)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=8)
_CONTEXT = flags.DEFINE_integer("context", 11, "words of the query and of each history", lower_bound=2)
_STEPS = flags.DEFINE_integer("steps", 10, "timed steps of each, after two warm-up steps", lower_bound=1)
FOLDERS = {"bidaf": "BiDAF-pytorch", "qanet": "QANet-PyTorch"}
FORMATS = ("none", "bfloat16")

Steps = dict[str, Callable[[], Any]]


def clone_of(kind: str, ports: Path) -> Path:
    """The clone of the port of bidaf | qanet in the folder ``ports``.

    Raises:
        UserError: the clone is missing, or PyTorch is not installed.
    """
    try:
        import torch  # type: ignore[import-not-found, unused-ignore]  # noqa: F401
    except ImportError:
        raise UserError("PyTorch is not installed here (pip install torch).") from None
    folder = ports / FOLDERS[kind]
    if not (folder / "model").is_dir():
        raise UserError(f"{folder}: no such clone; the top of benchmarks/ports.py says how to get it.")
    return folder


def port_steps(kind: str, config: Config, batch: tuple[dict[str, Any], dict[str, Any]]) -> Steps:
    """Steps of the port of ``kind`` on a batch of ``random_batch``."""
    sys.path.insert(0, str(clone_of(kind, Path(_PORTS.value))))
    for name in [name for name in sys.modules if name.split(".")[0] in ("model", "utils")]:
        del sys.modules[name]  # both clones have packages with these names
    import torch

    torch.set_num_threads(cores())
    features, labels = batch
    texts = {name: torch.from_numpy(value.numpy()).long() for name, value in features.items()}
    edges = [torch.from_numpy(labels[edge].numpy()).long() for edge in ("start", "end")]
    document, question = texts["document"], texts["question"]
    spelled = texts["document_chars"], texts["question_chars"]
    vectors = torch.randn(WORDS, WORD_DIM)
    if kind == "bidaf":
        from model.model import BiDAF  # type: ignore[import-not-found, unused-ignore]

        ours = config.bidaf
        sizes = SimpleNamespace(
            char_vocab_size=CHARACTERS, char_dim=ours.char_dim, char_channel_size=ours.char_filters,
            char_channel_width=ours.char_width, word_dim=WORD_DIM, hidden_size=ours.units,
            dropout=ours.dropout,
        )  # fmt: skip
        with torch.no_grad():  # it sets biases in a way that newer PyTorch allows only here
            model = BiDAF(sizes, vectors)
        full = [torch.full((len(text),), text.shape[1]) for text in (document, question)]
        given = SimpleNamespace(
            c_char=spelled[0], q_char=spelled[1], c_word=(document, full[0]), q_word=(question, full[1])
        )

        def forward() -> Any:
            return model(given)
    else:
        # The port expects the number of a device, which a CPU does not have.
        torch.Tensor.get_device = lambda tensor: tensor.device
        from model.QANet import QANet  # type: ignore[import-not-found, unused-ignore]

        characters = torch.randn(CHARACTERS, config.qanet.char_dim)
        model = QANet(
            vectors, characters, document.shape[1], question.shape[1], config.qanet.units,
            train_cemb=True, num_head=config.qanet.heads,
        )  # fmt: skip
        model.word_emb.weight.requires_grad_(False)  # like ours

        def forward() -> Any:
            return model(document, spelled[0], question, spelled[1])

    trained = [weight for weight in model.parameters() if weight.requires_grad]
    options = config.training_of(kind)
    if options.optimizer == "adadelta":
        optimizer: Any = torch.optim.Adadelta(trained, lr=options.learning_rate)
    else:
        optimizer = torch.optim.Adam(
            trained, lr=options.learning_rate, betas=(options.beta_1, options.beta_2)
        )
    loss = torch.nn.CrossEntropyLoss()

    def train() -> None:
        model.train()
        optimizer.zero_grad()
        sum(loss(scores, edge) for scores, edge in zip(forward(), edges)).backward()
        torch.nn.utils.clip_grad_norm_(trained, 5.0)
        optimizer.step()

    def read() -> None:
        model.eval()
        with torch.inference_mode():
            forward()

    return {"training": train, "inference": read}


def our_steps(kind: str, config: Config, precision: str, batch: tuple[Any, Any]) -> Steps:
    """Steps of our model of ``kind`` in a number format."""
    distiller = make_distiller(config, precision, WORDS, CHARACTERS)
    train, read = tf.function(distiller.train_step), tf.function(lambda features: distiller.student(features))
    return {"training": lambda: train(batch), "inference": lambda: read(batch[0])}


def measure(which: str) -> dict[str, dict[str, dict[str, float]]]:
    """Implementation -> training | inference -> median milliseconds, and ratio to the port."""
    kind, _, heads = which.partition(":")
    if kind not in FOLDERS:
        raise UserError(f"--models={which}: expected bidaf, qanet or qanet:HEADS.")
    options = {"model": kind, **({"qanet.heads": int(heads)} if heads else {})}
    config = load_config([], flags=options)
    batch = random_batch(MODELS[kind].inputs, _BATCH.value, _DOCUMENT.value, _CONTEXT.value, config)
    found = {"PyTorch port": port_steps(kind, config, batch)}
    found.update({f"holle_tf, {name}": our_steps(kind, config, name, batch) for name in FORMATS})
    work = {(name, what): step for name, steps in found.items() for what, step in steps.items()}
    medians = {
        key: 1000 * seconds for key, seconds in median_seconds(work, _STEPS.value, title=which).items()
    }
    return {
        name: {
            what: {"ms": medians[name, what], "ratio": medians[name, what] / medians["PyTorch port", what]}
            for what in found[name]
        }
        for name in found
    }


def main(_: list[str]) -> None:
    np.random.seed(0)
    table = Table("model", "implementation", "training, ms", "ratio", "inference, ms", "ratio")
    report = {}
    for which in _MODELS.value:
        report[which] = measure(which)
        for name, row in report[which].items():
            cells = [f"{row[what][key]:.{n}f}" for what in row for key, n in (("ms", 0), ("ratio", 2))]
            table.add_row(which, name, *cells)
    print_table(table)
    print(json.dumps({"batch": _BATCH.value, "document": _DOCUMENT.value, "models": report}))


if __name__ == "__main__":
    app.run(main)
