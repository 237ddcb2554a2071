"""Options of the distillation objective; the defaults are the paper's (section 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Sequence

from pipelines.options import LONG_SETUPS, WINDOWS

GRADIENT_MODES = ("label", "projection")
SECOND_ORDERS = ("tapes", "differences")  # of distill/gradient_distance.py

# Of long documents: the setup on which their teachers are trained. Those of short documents read chunks.
LONG_TEACHERS = {"chunks": "sd", "windows": WINDOWS, "whole": ""}


def teacher_setup(setup: str, long_teacher: str) -> str:
    """The setup of the data on which teachers of students of ``setup`` are trained."""
    return (LONG_TEACHERS[long_teacher] if setup in LONG_SETUPS else "") or setup


def numbered(kinds: Sequence[str]) -> list[tuple[str, int]]:
    """Each kind of teacher, with how many of the same stand before it."""
    return [(kind, list(kinds[:i]).count(kind)) for i, kind in enumerate(kinds)]


@dataclass(frozen=True)
class DistillConfig:
    """Weights and settings of the terms (``holle_tf/distill/terms.py``), and how the teacher is read."""

    temperature: float = 1.0  # of teacher and student; the term is multiplied by its square
    labels_weight: float = 1.0  # times the label terms, 2 and 4 of equation 1
    teacher_weight: float = 1.0  # times the teacher terms, 1 and 3 of equation 1, all of them or the top k
    top_k: int = 0  # positions of the top-k terms (equation 2); 0 = the paper's: 50, 20 of long documents
    hallucinated_weight: float = 1.0  # times the teacher terms on hallucinated examples (aug)
    hallucinated_share: float = 1.0  # hallucinated examples for each real one, at most 1
    gradient_weight: float = 1.0  # times the squared distance of input gradients (grad)
    gradient_mode: str = "projection"  # of <v, p> for random unit vectors v; label: of log p[y]
    gradient_directions: int = 1  # vectors v of every example
    gradient_share: float = 1.0  # of a batch's examples, chosen anew each step, that the gradient term reads
    gradient_normalised: bool = False  # compare the directions of the gradients alone
    second_order: str = "tapes"  # of the gradient term: nested tapes | differences of first-order gradients
    conicity_weight: float = 0.0  # times the conicity of h^P and h^R in the batch (beyond the paper); 0 = off
    matching_weight: float = 0.0  # times the distance of h^P, h^R to BiDAF's h~ (beyond the paper); 0 = off
    long_teacher: str = "chunks"  # of long documents, one of LONG_TEACHERS
    chunk_words: int = 256  # words of a long document that a teacher of short ones reads at once
    chunk_stride: int = 192  # words from one chunk to the next
    chunk_merge: str = "logits"  # logits | probabilities: of chunks, see models/chunked_reading.py
    cache_teacher: bool = True  # compute the teacher's scores once; false: at every step
    cache_top_k: int = 0  # positions of each end that the cache keeps, for recipes of top-k terms; 0 = all
    compare_alone: bool = True  # also train the student without a teacher, for the table


@dataclass  # not frozen, or OmegaConf could not fill the entries of a new name
class RecipeConfig:
    """A recipe of one's own: an entry of ``recipes`` in a configuration file, keyed by its name."""

    interaction: str = "add"  # add | mul, of the student
    terms: list[str] = field(default_factory=list)  # names of ``terms.TERMS``
    teachers: int = 0  # 2 = two or more; 0 = one, or none if no term needs any
    options: dict[str, Any] = field(default_factory=dict)  # of its terms, before those of ``distill``
    summary: str = ""  # for the list of recipes
