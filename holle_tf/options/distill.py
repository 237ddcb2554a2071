"""Options of the distillation objective; the defaults are the paper's (section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Sequence

from pipelines.option import option
from pipelines.options import LONG_SETUPS, WINDOWS

GRADIENT_MODES = ("label", "projection")
CHUNK_MERGES = ("logits", "probabilities")  # what is merged of chunks, see models/chunked_reading.py
INTERACTIONS = ("add", "mul")  # of a student: additive and multiplicative (paper, section 4.1)
SECOND_ORDERS = ("tapes", "differences")  # of distill/gradient_distance.py

# How teachers of long documents are trained: name -> setup of their data ("" = that of the student).
LONG_TEACHERS = {"chunks": "sd", "windows": WINDOWS, "whole": ""}


SCORES = "scores:"  # before the file of scores that stands for a teacher, as in --teacher=scores:FILE


def is_score_file(kind: str) -> bool:
    """Whether a name among the teachers is that of a file of scores."""
    return kind.startswith(SCORES)


def teacher_title(kind: str) -> str:
    """A teacher's name without the folder of its file: ``scores:/data/a.jsonl`` -> ``scores:a.jsonl``."""
    return SCORES + kind[len(SCORES) :].rsplit("/", 1)[-1] if is_score_file(kind) else kind


def teacher_setup(setup: str, long_teacher: str) -> str:
    """The setup of the data on which teachers of students of ``setup`` are trained."""
    return (LONG_TEACHERS[long_teacher] if setup in LONG_SETUPS else "") or setup


def number_repeats(kinds: Sequence[str]) -> list[tuple[str, int]]:
    """Each kind of teacher with the number of teachers of the same kind before it."""
    return [(kind, list(kinds[:i]).count(kind)) for i, kind in enumerate(kinds)]


class Fold(NamedTuple):
    """A fold of the training data: ``number`` is from 1 to ``of``."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def all_folds(count: int) -> list[str]:
    """The names of all folds, as ``fold`` of the configuration takes them: "1/4" and so on."""
    return [str(Fold(number, count)) for number in range(1, count + 1)]


def parse_fold(name: str) -> Fold:
    """The fold with this name; raises ValueError if there is none of that name."""
    number, count = map(int, name.split("/"))
    fold = Fold(number, count)
    if str(fold) != name or not 1 <= number <= count or count < 2:
        raise ValueError(f"{name!r} is no fold")
    return fold


@dataclass(frozen=True)
class DistillConfig:
    """Weights and settings of the terms (``holle_tf/distill/terms.py``), and how teachers read."""

    temperature: float = option(
        1.0, "temperature of teacher and student; the terms are multiplied by its square", positive=True
    )
    labels_weight: float = option(1.0, "weight of the label terms, 2 and 4 of equation (1)")
    teacher_weight: float = option(
        1.0, "weight of the teacher terms: 1 and 3 of equation (1), or equation (2)"
    )
    top_k: int = option(0, "positions of equation (2); 0 = the paper's: 50, for long documents 20")
    hallucinated_weight: float = option(1.0, "weight of the teacher terms on hallucinated examples (aug)")
    hallucinated_share: float = option(
        1.0, "hallucinated examples for each real one", positive=True, at_most=1
    )
    gradient_weight: float = option(1.0, "weight of the squared distance of input gradients (grad)")
    gradient_mode: str = option(
        "projection",
        "gradients of <v, p> for random unit vectors v (projection), or of log p at the labels (label)",
        choices=GRADIENT_MODES,
    )
    gradient_directions: int = option(1, "random vectors v for each example", positive=True)
    gradient_share: float = option(
        1.0,
        "share of a batch that the gradient term reads, chosen anew at each step",
        positive=True,
        at_most=1,
    )
    gradient_normalised: bool = option(False, "compare only the directions of the gradients")
    second_order: str = option(
        "tapes", "second gradients by nested tapes, or by differences of first ones", choices=SECOND_ORDERS
    )
    conicity_weight: float = option(
        0.0, "weight of the conicity of h^P and h^R in the batch (beyond the paper); 0 = off"
    )
    matching_weight: float = option(
        0.0, "weight of the distance of h^P, h^R to BiDAF's h~ (beyond the paper); 0 = off"
    )
    long_teacher: str = option(
        "chunks",
        "how teachers of long documents are trained: on short documents, on random windows, or on whole ones",
        choices=LONG_TEACHERS,
    )
    chunk_words: int = option(
        256, "words of a long document that a teacher of short documents reads at once", positive=True
    )
    chunk_stride: int = option(192, "words from one chunk to the next", positive=True)
    chunk_merge: str = option(
        "logits", "what is merged of the chunks: logits or probabilities", choices=CHUNK_MERGES
    )
    calibrate: bool = option(
        False, "divide a teacher's logits by the temperature that makes the dev labels most likely"
    )
    cache_teacher: bool = option(True, "compute a teacher's scores once, not at every step")
    cache_top_k: int = option(
        0, "positions of each end that the cache keeps, for recipes of top-k terms; 0 = all"
    )
    max_unscored: float = option(
        0.05, "share of examples that a file of scores may lack, and of probability that is on no word"
    )
    folds: int = option(
        1,
        "teachers of each kind, each trained without one fold, which it then scores; 1 = one, trained on all",
        positive=True,
    )
    pool: str = option("", "file or folder of examples without labels, which only teachers answer")
    pool_examples: int = option(0, "examples of the pool that are used, chosen at random; 0 = all")
    compare_alone: bool = option(True, "also train the student without a teacher, for comparison")
    also_student: str = option("none", "another student to train in the same way, for comparison")

    def fault(self) -> str:
        """What is wrong with several options together; empty if nothing is."""
        if self.chunk_stride > self.chunk_words:
            return f"chunk_stride={self.chunk_stride}: has to be at most chunk_words ({self.chunk_words})"
        if self.pool_examples and not self.pool:
            return f"pool_examples={self.pool_examples}: there is no pool; name its file by distill.pool"
        return ""


@dataclass  # not frozen, or OmegaConf could not fill the entries of a new name
class RecipeConfig:
    """A recipe of your own: an entry of ``recipes`` in a configuration file, keyed by its name."""

    interaction: str = option("add", "interaction of the student: add or mul")
    terms: list[str] = option([], "names of terms (holle_tf/distill/terms.py)")
    teachers: int = option(0, "2 = two or more; 0 = one, or none if no term needs any")
    options: dict[str, Any] = option({}, "options of its terms, which override those of distill")
    summary: str = option("", "a sentence for the list of recipes")
