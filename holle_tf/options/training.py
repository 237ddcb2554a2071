"""Options of training, the same for every model."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option

# What chooses the best epoch: name -> its key in ``metrics.jsonl``. NLL is the negative log-likelihood of the
# labels, start plus end, in nats, whatever the recipe minimises.
BEST_BY = {"f1": "val_f1", "nll": "val_loss"}


@dataclass(frozen=True)
class TrainingConfig:
    """How one model is trained."""

    optimizer: str = option("adam", "optimizer", choices=("adam", "adadelta"))
    learning_rate: float = option(1e-3, "learning rate")
    beta_1: float = option(0.9, "decay of Adam's mean of gradients")
    beta_2: float = option(0.999, "decay of Adam's mean of squared gradients")
    epsilon: float = option(1e-7, "constant in the optimizer's denominator")
    warmup_steps: int = option(0, "steps over which the learning rate rises as log(step)")
    decay: str = option(
        "none", "decay of the learning rate, to zero over all epochs", choices=("none", "cosine")
    )
    clip_norm: float = option(0.0, "largest global norm of the gradients; 0 = no clipping")
    l2: float = option(0.0, "weight of sum(w^2) / 2 over all kernels, added to the loss")
    ema_decay: float = option(0.0, "decay of the averaged weights that evaluation uses; 0 = none")
    batch_size: int = option(32, "examples in a batch, over all devices", positive=True)
    epochs: int = option(12, "epochs at most", positive=True)
    patience: int = option(6, "epochs without a better one (best_by) before training stops", positive=True)
    best_by: str = option(
        "f1",
        "what decides on dev which weights are kept and when patience ends: F1, or NLL of the labels",
        choices=BEST_BY,
    )
    mixed_precision: str = option(
        "auto",
        "number format (holle_tf/distill/precision.py); float16 needs a GPU",
        choices=("auto", "none", "bfloat16", "float16"),
    )
    jit: bool = option(False, "compile the whole step with XLA; pads every batch to one shape")
    recurrence: str = option(
        "auto", "what computes GRUs and LSTMs; jit needs keras", choices=("auto", "compiled", "keras")
    )
    keep_state: bool = option(False, "keep the state of the last epoch, from which a longer training goes on")
