"""How sure a model is of its answers and how right it is to be so, from its logits and the labels.

Everything here is a mean over the start and the end of a span, which count as two predictions. An NLL is thus
half of the ``val_loss`` of a training, which is their sum.
"""

from __future__ import annotations

import math
from typing import Iterable, Iterator, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf
from scipy import optimize

from holle_tf.distill.teacher_cache import UNKNOWN
from holle_tf.models.outputs import EDGES
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

# Logits, (batch, 2, words), and labels, (batch, 2), of start and end. A position whose logit is at most
# ``UNKNOWN`` has no probability: it is padding, or was not kept.
Scored = tuple[np.ndarray, np.ndarray]
BINS = 15  # of the expected calibration error
TEMPERATURES = (0.05, 20.0)  # bounds of the search


class ScoreQuality(NamedTuple):
    """What predictions say.

    Attributes:
        maximum: mean of the largest probability.
        entropy: mean entropy, in nats.
        nll: mean negative log-likelihood of the labels, in nats, over the labels that have a probability; nan
            if none has.
        accuracy: share of the predictions whose most probable position is the label.
        ece: expected calibration error over ``BINS`` bins of equal width (Guo et al., 2017): mean distance of
            the largest probability from the accuracy in its bin.
        labels_kept: share of the labels that have a probability; below 1 only if positions were not kept.
    """

    maximum: float
    entropy: float
    nll: float
    accuracy: float
    ece: float
    labels_kept: float


class Calibration(NamedTuple):
    """The temperature that makes labels most likely, with the NLL in nats before and after."""

    temperature: float
    nll_before: float
    nll_after: float


def scored_labels(
    prepared: PreparedData,
    split: str,
    scores: tf.data.Dataset,
    name: str,
    batch_size: int,
    taken: Optional[np.ndarray] = None,
) -> Iterator[Scored]:
    """Cached scores beside the labels of their examples, a batch at a time.

    Args:
        scores: as ``read_teacher_cache(..., name)`` returns, an element for each example of the split.
        taken: which examples are read, bool (examples,); None = all.

    Raises:
        tf.errors.InvalidArgumentError: scores meet another example than theirs.
    """
    batches = make_dataset(
        prepared, split, inputs=["document"], batch_size=batch_size, extra=scores, taken=taken
    )
    for features, labels in batches:
        real = features["document"].numpy()[:, None] > 0  # (batch, 1, words)
        logits = np.stack([labels[f"{name}_{edge}_logits"].numpy() for edge in EDGES], axis=1)
        yield np.where(real, logits, UNKNOWN), np.stack([labels[edge].numpy() for edge in EDGES], axis=1)


def score_quality(batches: Iterable[Scored]) -> ScoreQuality:
    """The quality of predictions, which are read once and in little memory.

    Raises:
        ValueError: there is no prediction.
    """
    sums = np.zeros(3)  # of largest probabilities, entropies and NLLs
    bins = np.zeros((3, BINS))  # number, right ones and largest probabilities of the predictions of each bin
    kept = 0
    for logits, labels in batches:
        log_p = _log_probabilities(logits)
        p = np.exp(log_p)
        sure, best = p.max(axis=-1), p.argmax(axis=-1)
        known = _at(logits, labels) > UNKNOWN
        kept += int(known.sum())
        entropy = -(p * np.where(p > 0, log_p, 0.0)).sum()
        sums += sure.sum(), entropy, -_at(log_p, labels)[known].sum()
        # A bin includes its upper bound and not its lower one, as in the paper.
        place = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1).ravel()
        for row, values in zip(bins, (np.ones_like(sure), best == labels, sure)):
            row += np.bincount(place, weights=values.ravel(), minlength=BINS)
    count = bins[0].sum()
    if not count:
        raise ValueError("no predictions to judge")
    return ScoreQuality(
        maximum=float(sums[0] / count),
        entropy=float(sums[1] / count),
        nll=float(sums[2] / kept) if kept else math.nan,
        accuracy=float(bins[1].sum() / count),
        ece=float(np.abs(bins[1] - bins[2]).sum() / count),
        labels_kept=float(kept / count),
    )


def best_temperature(batches: Iterable[Scored]) -> Calibration:
    """The number that divides all logits so that the labels become most likely, to four digits.

    The NLL is convex in the inverse of the temperature, so that it has one minimum.

    Args:
        batches: all positions of them; they are kept in memory.

    Returns:
        A temperature within ``TEMPERATURES``: at the lower end if every prediction is right, at the upper end
        if they are no better than chance.
    """
    kept = list(batches)

    def nll(log_temperature: float) -> float:
        return _mean_nll(kept, math.exp(log_temperature))

    low, high = map(math.log, TEMPERATURES)
    found = optimize.minimize_scalar(nll, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    # Rounded, so that machines that sum in another order agree.
    temperature = float(f"{math.exp(found.x):.4g}")
    return Calibration(temperature, _mean_nll(kept, 1.0), _mean_nll(kept, temperature))


def _mean_nll(batches: Sequence[Scored], temperature: float) -> float:
    each = [-_at(_log_probabilities(logits / temperature), labels) for logits, labels in batches]
    return float(np.mean(np.concatenate(each)))


def _log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Log softmax over the last axis in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _at(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Values at the labels: (batch, 2, words), (batch, 2) -> (batch, 2)."""
    return np.take_along_axis(values, labels[..., None], axis=-1)[..., 0]
