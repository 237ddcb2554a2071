"""The registry of the terms of the distillation objective, and what a term may look at.

A term is a pure function of a batch that returns a value for each example. To add one: write the
function, decorate it with its name and the options it takes, and name it in a recipe.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence, cast

import tensorflow as tf

from holle_tf.config import known_keys
from holle_tf.distill.shares import EXAMPLES, REORDERED, Share, mean_of_batch
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import DistillConfig
from pipelines.errors import UserError
from pipelines.options import LONG_SETUPS
from pipelines.plugins import plugin_of

Features = Mapping[str, tf.Tensor]
Outputs = Mapping[str, tf.Tensor]  # of models.outputs.span_outputs
Reader = Callable[[Features], Outputs]
SUMMARIES = ("prober_vector", "responder_vector")  # h^P and h^R, the student's vectors of the histories
MATCHED = "query_to_context"  # h~ of BiDAF, the teachers' vector that the student's vectors can match
PAPER_K = {"short": 50, "long": 20}  # positions of the top-k terms (paper, section 5.2)


class Batch(NamedTuple):
    """What a term may look at.

    Attributes:
        student: outputs of the student in training.
        teachers: ``start_logits`` and ``end_logits`` (batch, doc_len) of every teacher.
        labels: ``start`` and ``end``, integer, (batch,). With a pool, only for terms that need ``labels``.
        features: what was read, and what was added to it (hallucinated examples).
        read: the student in training, for reading something else.
        differentiate: the student without dropout, twice differentiable if necessary.
        readers: every teacher, for reading something else; None for a teacher whose scores alone are known.
        projections: a learned map for every teacher, from the student's vectors to the teacher's.
        options: options of the terms.
        seed: int32, (2,), seed of this step, for terms that draw random numbers.
        share: which rows of a batch these are, if replicas share it; None if these are all.
        labelled: bool, (batch,), false for examples of a pool, which have no labels; None if all have them.
        null: whether the first position of a document stands for "no answer".
    """

    student: Outputs
    teachers: Sequence[Outputs]
    labels: Mapping[str, tf.Tensor]
    features: Features
    read: Reader
    differentiate: Reader
    readers: Sequence[Optional[Reader]]
    projections: Sequence[Callable[[tf.Tensor], tf.Tensor]]
    options: DistillConfig
    seed: tf.Tensor
    share: Optional[Share] = None
    labelled: Optional[tf.Tensor] = None
    null: bool = False

    def mean(self, values: tf.Tensor) -> tf.Tensor:
        """Mean over the examples of the whole batch, on all replicas: (batch, ...) -> float32, (...)."""
        values = tf.cast(values, tf.float32)
        if self.share is None:
            return tf.reduce_mean(values, axis=0)
        return mean_of_batch(values, self.share[EXAMPLES])


class Term(NamedTuple):
    """A registered term.

    Attributes:
        function: batch -> float32, (batch,) or, of hallucinated examples, as many as there are.
        weight: the option that multiplies it.
        options: all options that change its value.
        needs: among teacher (scores), reader (a teacher that can read), hallucinated (examples),
            projection (to a vector of every teacher, which reads), summaries (vectors of the student),
            labels (which examples of a pool do not have).
        positions: the option with the number of the teacher's best positions that it looks at; empty = all.
        plugin: the plugin that registered it; empty for the terms of the package.
    """

    function: Callable[[Batch], tf.Tensor]
    weight: str
    options: tuple[str, ...]
    needs: tuple[str, ...]
    positions: str = ""
    plugin: str = ""


TERMS: dict[str, Term] = {}
NEEDS = ("teacher", "reader", "hallucinated", "projection", "summaries", "labels")


def register_term(
    name: str, weight: str, options: Sequence[str] = (), needs: Sequence[str] = (), positions: str = ""
) -> Callable[[Callable[[Batch], tf.Tensor]], Callable[[Batch], tf.Tensor]]:
    """Register a function as the term called ``name``; see ``Term`` for the rest."""

    def register(function: Callable[[Batch], tf.Tensor]) -> Callable[[Batch], tf.Tensor]:
        if name in TERMS:
            raise ValueError(f"two terms are called {name!r}")
        if isinstance(options, str):
            raise ValueError(f"term {name!r}: its options are a list, as [{options!r}]")
        for option in (weight, *options):
            if f"distill.{option}" not in known_keys():
                raise ValueError(
                    f"term {name!r}: no option {option!r}; add it to holle_tf/options/distill.py or, in a"
                    f" plugin, by register_option('distill.{option}', ...)"
                )
        unknown = set(needs) - set(NEEDS)
        if unknown:
            raise ValueError(f"term {name!r} needs {sorted(unknown)}; it can need {', '.join(NEEDS)}")
        implied = ("reader",) if "projection" in needs else ()
        TERMS[name] = Term(
            function,
            weight,
            (weight, *options),
            tuple(dict.fromkeys([*needs, *implied])),
            positions,
            plugin_of(function.__module__),
        )
        return function

    return register


class _DeclaredOptions:
    """The options that a term declares, and no others, because only they are in the identity of a run."""

    def __init__(self, options: DistillConfig, name: str):
        self._options, self._name = options, name

    def __getattr__(self, option: str) -> Any:
        if option not in TERMS[self._name].options:
            raise ValueError(
                f"term {self._name!r} reads the option {option!r}; list it where the term is registered:"
                f' @register_term("{self._name}", "{TERMS[self._name].weight}", ["{option}"])'
            )
        return getattr(self._options, option)


class _NoLabels(dict[str, tf.Tensor]):
    """Labels without ``start`` and ``end``, for a term that does not declare that it needs them."""

    def __init__(self, labels: Mapping[str, tf.Tensor], name: str):
        super().__init__((key, value) for key, value in labels.items() if key not in EDGES)
        self._name = name

    def __missing__(self, key: str) -> tf.Tensor:
        raise UserError(
            f"term {self._name!r} reads labels, which examples of distill.pool do not have; register it with"
            ' needs=["labels"], which makes it zero for them, or leave out the pool.'
        )


def value_of(name: str, batch: Batch) -> tf.Tensor:
    """The value of a term for each example.

    For examples without labels, a term that needs labels is zero.

    Raises:
        UserError: some examples have no labels, and the term reads labels but does not declare it.
        ValueError: the term reads an option that it does not declare, or does not return a value per example.
    """
    declared = cast(DistillConfig, _DeclaredOptions(batch.options, name))
    own, masked = batch._replace(options=declared), False
    if batch.labelled is not None:
        masked = "labels" in TERMS[name].needs
        if masked:  # any position will do where there is no label
            labels = {**batch.labels, **{edge: tf.maximum(batch.labels[edge], 0) for edge in EDGES}}
        else:
            labels = _NoLabels(batch.labels, name)
        own = own._replace(labels=labels)
    value = tf.convert_to_tensor(TERMS[name].function(own))
    if value.shape.rank not in (1, None):
        raise ValueError(
            f"term {name!r} returns {value.shape}; expected one value for each example, (batch,)"
        )
    return tf.where(batch.labelled, value, tf.zeros_like(value)) if masked else value


def default_top_k(setup: str) -> int:
    """The paper's k for documents of this setup."""
    return PAPER_K["long" if setup in LONG_SETUPS else "short"]


def want_teachers(names: Sequence[str]) -> bool:
    """Whether any of these terms needs a teacher."""
    return not needs(names).isdisjoint(("teacher", "reader"))


def needs(names: Sequence[str]) -> set[str]:
    """Everything that these terms need."""
    return {need for name in names for need in TERMS[name].needs}


def rows_of(name: str) -> str:
    """The rows of a ``Share`` for which this term has values."""
    return REORDERED if "hallucinated" in TERMS[name].needs else EXAMPLES


def check_cached_positions(names: Sequence[str], options: DistillConfig) -> None:
    """Raise a UserError if the terms look at more positions of the teacher than its cache keeps.

    Args:
        names: names of terms.
        options: with ``top_k`` resolved.
    """
    kept = options.cache_top_k
    for name in names:
        checked = TERMS[name]
        if not kept or not options.cache_teacher or "teacher" not in checked.needs:
            continue
        if not checked.positions:
            raise UserError(
                f"distill.cache_top_k={kept}: the term {name!r} looks at all positions of the teacher;"
                " set it to 0."
            )
        looked_at = getattr(options, checked.positions)
        if looked_at > kept:
            raise UserError(
                f"distill.cache_top_k={kept}: the term {name!r} looks at the best {looked_at} positions of"
                " the teacher; set it to at least that."
            )
