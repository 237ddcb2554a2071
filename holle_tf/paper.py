"""The numbers that the paper published (Arora, Khapra, Ramaswamy, NAACL 2019), table by table."""

from __future__ import annotations

from typing import NamedTuple

# Table 1, on a GPU: MB of memory and seconds, of inference on the test split.
INFERENCE = {
    "sd": {"sam": (540, 30), "bidaf": (11000, 347), "qanet": (3000, 90)},
    "ld": {"sam": (1300, 43), "bidaf": (11000, 710), "qanet": (3000, 150)},
}
# Table 5: million parameters, seconds of training for each epoch.
TRAINING = {"sam": (0.25, 307), "bidaf": (2.5, 5880), "qanet": (1.3, 2213)}
# Table 6: conicity of the vectors of complex models, and the mean of h^P and h^R (SAM). Section 4.1 has
# "context-to-query vectors h~" of BiDAF, but by section 3.1 h~ is query to context; so it may be either.
CONICITY = {
    "bidaf/mean_context_to_query": 0.6,
    "bidaf/query_to_context": 0.6,
    "qanet/similarity_row_sums": 0.6,
    "mul_train": 0.8,
    "add_train": 0.7,
}


class Published(NamedTuple):
    """F1 of one model on one test set.

    Attributes:
        table: its number.
        label: how the table calls the model.
        setup: sd | ld.
        variant: recipe of a SAM, or bidaf | qanet.
        teachers: whom a SAM learns from, in the order of ``--teacher``.
        f1: on [0, 100].
        note: what a reader has to know beside the number.
    """

    table: int
    label: str
    setup: str
    variant: str
    teachers: tuple[str, ...]
    f1: float
    note: str = ""

    @property
    def key(self) -> str:
        """Names the model and its documents, as ``ld/add_topk/qanet``."""
        return "/".join([self.setup, self.variant, *(["+".join(self.teachers)] if self.teachers else [])])


_ANY = "the paper does not say from which teacher; here it is QANeT"
_B, _Q, _BQ = ("bidaf",), ("qanet",), ("bidaf", "qanet")

F1 = (
    Published(2, "SAM-mul-train", "ld", "mul_train", (), 36.49),
    Published(2, "SAM-add-train", "ld", "add_train", (), 36.96),
    Published(2, "BiDAF", "ld", "bidaf", (), 38.30),
    Published(2, "QANeT", "ld", "qanet", (), 38.10),
    Published(2, "SAM-mul-train", "sd", "mul_train", (), 40.08),
    Published(2, "SAM-add-train", "sd", "add_train", (), 41.30),
    Published(2, "BiDAF", "sd", "bidaf", (), 45.54),
    Published(2, "QANeT", "sd", "qanet", (), 47.67),
    Published(3, "SAM-mul", "ld", "mul", _B, 36.50),
    Published(3, "SAM-mul", "ld", "mul", _Q, 37.03),
    Published(3, "SAM-add", "ld", "add", _B, 37.14),
    Published(3, "SAM-add", "ld", "add", _Q, 37.28),
    Published(3, "SAM-add-topk", "ld", "add_topk", _B, 37.29),
    Published(3, "SAM-add-topk", "ld", "add_topk", _Q, 37.73),
    Published(3, "SAM-add-aug", "ld", "add_aug", _B, 37.17),
    Published(3, "SAM-add-aug", "ld", "add_aug", _Q, 37.01),
    Published(3, "SAM-add-ensemble", "ld", "add_ensemble", _BQ, 37.30),
    Published(3, "SAM-add-both", "ld", "add_both", _BQ, 36.80),
    Published(4, "SAM-add-teach", "sd", "add_teach", _Q, 20.23, _ANY),
    Published(4, "SAM-mul", "sd", "mul", _B, 40.81),
    Published(4, "SAM-mul", "sd", "mul", _Q, 40.76),
    Published(4, "SAM-add", "sd", "add", _B, 42.05),
    Published(4, "SAM-add", "sd", "add", _Q, 41.89),
    Published(4, "SAM-add-topk", "sd", "add_topk", _B, 41.71),
    Published(4, "SAM-add-topk", "sd", "add_topk", _Q, 42.01),
    Published(4, "SAM-add-aug", "sd", "add_aug", _B, 41.65),
    Published(4, "SAM-add-aug", "sd", "add_aug", _Q, 41.62),
    Published(4, "SAM-add-ensemble", "sd", "add_ensemble", _BQ, 41.74),
    Published(4, "SAM-add-both", "sd", "add_both", _BQ, 42.32),
    Published(4, "SAM-add-grad", "sd", "add_grad", _B, 41.37),
    Published(4, "SAM-add-grad", "sd", "add_grad", _Q, 41.72),
)
