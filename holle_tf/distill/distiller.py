"""Trains a student on a weighted sum of named terms; without a teacher, this is plain training."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Callable, ContextManager, Mapping, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from holle_tf.distill.precision import computing_in_float32
from holle_tf.distill.shares import EXAMPLES, Share, part_of_mean
from holle_tf.distill.terms import (
    MATCHED,
    PAPER_K,
    TERMS,
    Batch,
    Outputs,
    Reader,
    needs,
    rows_of,
    value_of,
    want_teachers,
)
from holle_tf.distill.weight_average import WeightAverage
from holle_tf.models.layers.bidirectional import twice_differentiable
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import DistillConfig

PAPER = DistillConfig(top_k=PAPER_K["short"])


class Teacher(NamedTuple):
    """A frozen teacher as closures, so that its weights stay out of the distiller's checkpoints.

    Attributes:
        scores: (features, labels) of a batch -> ``start_logits`` and ``end_logits``, (batch, doc_len).
        read: features -> all outputs, in inference mode; None if only scores are known.
        vector_size: of the vector that a student's vectors can be matched with; 0 = it has none.
    """

    scores: Callable[[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]], Outputs]
    read: Optional[Reader] = None
    vector_size: int = 0


def online_teacher(model: tf.keras.Model, temperature: float = 1.0) -> Teacher:
    """A frozen model that reads every batch, in inference mode.

    Args:
        temperature: divides its logits.
    """
    read = _reader(model, temperature)
    return Teacher(lambda features, labels: read(features), read, _vector_size(model))


def cached_teacher(name: str, model: Optional[tf.keras.Model] = None, temperature: float = 1.0) -> Teacher:
    """A teacher whose logits come with the labels, as ``teacher_cache`` stores them.

    Args:
        name: as given to ``read_teacher_cache``.
        model: reads what is not cached; None if no term needs that.
        temperature: divides the logits of ``model``; those that come with the labels are used as they are.
    """

    def scores(features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> Outputs:
        del features
        return {f"{edge}_logits": labels[f"{name}_{edge}_logits"] for edge in EDGES}

    if model is None:
        return Teacher(scores)
    return Teacher(scores, _reader(model, temperature), _vector_size(model))


def _vector_size(model: tf.keras.Model) -> int:
    outputs = model.output
    return int(outputs[MATCHED].shape[-1]) if MATCHED in outputs else 0


def _reader(model: tf.keras.Model, temperature: float) -> Reader:
    inputs = tuple(model.input)

    def read(features: Mapping[str, tf.Tensor]) -> Outputs:
        outputs = model({name: features[name] for name in inputs}, training=False)
        if temperature == 1.0:
            return outputs
        return {**outputs, **{f"{edge}_logits": outputs[f"{edge}_logits"] / temperature for edge in EDGES}}

    return read


class _GlobalMean(tf.keras.metrics.Mean):
    """A mean of values that are equal on all replicas, so that replicas need not exchange them."""

    def add_weight(self, *args: Any, **kwargs: Any) -> tf.Variable:
        kwargs["aggregation"] = tf.VariableAggregation.ONLY_FIRST_REPLICA
        return super().add_weight(*args, **kwargs)


class Distiller(tf.keras.Model):
    """Minimises ``sum_i weight_i * mean(term_i)`` plus an L2 penalty, over the student's weights only.

    Examples without labels (of a pool) have a ``start`` below 0. Terms that need labels are zero there. Every
    mean is over all examples of the batch, with labels or not. Thus each example counts alike, and the
    objective on those with labels is what it is without a pool. With N of them, P others and the mean T of
    the remaining terms on the others:

        objective = (N * objective without the pool + P * T) / (N + P)

    A mean of the label terms over the N examples alone would weigh labels (N + P) / N times as much against
    the teacher on the same example.

    Created within the scope of a ``tf.distribute.Strategy``, it trains on batches of ``shares.shares``:
    means, penalty, clipping and logs are the same as of a single replica with the whole batch.

    Args:
        student: a span model. Export and save this, not the distiller.
        terms: names in ``terms.TERMS``; each has its weight in ``options``.
        teachers: whom to learn from.
        options: weights and settings of the terms.
        seed: of the random numbers that terms draw.
        l2: factor of half the sum of squares of every kernel (a weight of two or more axes); word vectors,
            frozen or learned, are excluded.
        ema_decay: decay of the averaged weights; 0 = no averaging.
        clip_norm: largest global norm of the gradients; 0 = no clipping.
        pool: whether batches can have examples without labels.
        null: whether the first position of a document stands for "no answer".
        jit: compile forward and backward pass with XLA; recurrent layers must then be created within
            ``recurrent_implementation("keras")``.

    Raises:
        ValueError: a term is unknown, or lacks the teacher that it needs (one that reads, one with vectors).
    """

    def __init__(
        self,
        student: tf.keras.Model,
        terms: Sequence[str],
        teachers: Sequence[Teacher] = (),
        options: DistillConfig = PAPER,
        *,
        seed: int = 0,
        l2: float = 0.0,
        ema_decay: float = 0.0,
        clip_norm: float = 0.0,
        pool: bool = False,
        null: bool = False,
        jit: bool = False,
    ):
        super().__init__(name="distiller")
        unknown = set(terms) - set(TERMS)
        if unknown:
            raise ValueError(f"unknown terms {sorted(unknown)}; there are {sorted(TERMS)}")
        wanted = needs(terms)
        if want_teachers(terms) and not teachers:
            raise ValueError(f"the terms {sorted(terms)} need a teacher")
        if "reader" in wanted and any(teacher.read is None for teacher in teachers):
            raise ValueError(f"the terms {sorted(terms)} need teachers that read, not only their scores")
        self._projections: list[tf.keras.layers.Dense] = []
        if "projection" in wanted:
            if not all(teacher.vector_size for teacher in teachers):
                raise ValueError(f"the terms {sorted(terms)} need teachers with a vector {MATCHED!r}")
            vectors = (student.output[f"{side}_vector"].shape[-1] for side in ("prober", "responder"))
            size = sum(vectors)
            for i, teacher in enumerate(teachers):
                self._projections.append(tf.keras.layers.Dense(teacher.vector_size, name=f"projection_{i}"))
                self._projections[-1].build((None, size))
        self.student = student
        self._weights_of_terms = {name: float(getattr(options, TERMS[name].weight)) for name in terms}
        self._teachers = tuple(teachers)
        self._options = options
        self._seed = int(np.uint32(seed).astype(np.int32))  # which wraps around, as NumPy 2 refuses to
        self._l2 = l2
        self._clip_norm = clip_norm
        self._pool, self._null = pool, null
        self.penalised = [
            v for v in student.trainable_variables if v.shape.rank > 1 and "word_embedding" not in v.name
        ]
        self.average: Optional[WeightAverage] = None
        if ema_decay:
            self.average = WeightAverage(student.trainable_variables, ema_decay)
        self.distribute_reduction_method = "first"  # of logs, which are the same on every replica
        self._means = {name: _GlobalMean(name=name) for name in ("loss", *terms)}
        self._gradients = (
            tf.function(self._forward_backward, jit_compile=True) if jit else self._forward_backward
        )

    def call(self, inputs: Mapping[str, tf.Tensor], training: Any = None) -> Outputs:
        return self.student({name: inputs[name] for name in self.student.input}, training=training)

    @property
    def metrics(self) -> list[tf.keras.metrics.Metric]:
        return list(self._means.values())

    def averaged_weights(self) -> ContextManager[None]:
        """A context in which the student has its averaged weights, if weights are averaged."""
        return self.average.applied() if self.average is not None else nullcontext()

    def _evaluate_terms(
        self, features: Any, labels: Any, training: bool, share: Optional[Share] = None
    ) -> dict[str, tf.Tensor]:
        """Means over the batch by name; for a share of the batch, its contribution to each mean."""

        def differentiate(texts: Mapping[str, tf.Tensor]) -> Outputs:
            # Half-precision gradients would be too coarse to match, and could overflow.
            tapes = self._options.second_order == "tapes"
            with twice_differentiable() if tapes else nullcontext(), computing_in_float32(self.student):
                return self(texts, training=False)

        step = tf.cast(self.optimizer.iterations, tf.int32) if training else tf.constant(0)
        batch = Batch(
            student=self(features, training=training),
            teachers=[teacher.scores(features, labels) for teacher in self._teachers],
            labels=labels,
            features=features,
            read=lambda texts: self(texts, training=training),
            differentiate=differentiate,
            readers=[teacher.read for teacher in self._teachers],
            projections=self._projections,
            options=self._options,
            seed=tf.stack([tf.constant(self._seed, tf.int32), step]),
            share=share,
            labelled=labels["start"] >= 0 if self._pool else None,
            null=self._null,
        )
        values = {name: value_of(name, batch) for name in self._weights_of_terms}
        if share is None:
            means = {name: tf.reduce_mean(value) for name, value in values.items()}
        else:
            means = {name: part_of_mean(value, share[rows_of(name)]) for name, value in values.items()}
        return {
            "loss": tf.add_n([self._weights_of_terms[name] * mean for name, mean in means.items()]),
            **means,
        }

    def gradient_norms(self, features: Any, labels: Any) -> dict[str, tf.Tensor]:
        """Norm of the gradient of each term, times its weight, by the student's weights: scalars by name.

        Terms are computed as in a training step on this batch, with dropout; gradients are not clipped.
        Under any strategy, a single replica reads the whole batch.
        """
        own = self.distribute_strategy.experimental_local_results
        weights = [own(weight)[0] for weight in self.student.trainable_variables]
        with tf.GradientTape(persistent=True) as tape:
            losses = self._evaluate_terms(features, labels, training=True)
            scaled = {
                name: self._scale(weight * losses[name]) for name, weight in self._weights_of_terms.items()
            }
        norms = {}
        for name, value in scaled.items():
            gradients = self._unscale(tape.gradient(value, weights))
            norms[name] = tf.linalg.global_norm(gradients)
        return norms

    def _forward_backward(
        self, features: Any, labels: Any, share: Optional[Share] = None
    ) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            losses = self._evaluate_terms(features, labels, training=True, share=share)
            objective = losses["loss"]
            if self._l2:
                penalty = self._l2 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in self.penalised])
                # The replicas' gradients are summed, and the penalty counts once.
                objective += penalty if share is None else penalty / self._replicas
            scaled = self._scale(objective)
        return losses, tape.gradient(scaled, self.trained)

    @property
    def trained(self) -> list[tf.Variable]:
        """The student's weights, and those of the projections, which are discarded after training."""
        extra = [v for projection in self._projections for v in projection.trainable_variables]
        return [*self.student.trainable_variables, *extra]

    def _scale(self, objective: tf.Tensor) -> tf.Tensor:
        scaling = isinstance(self.optimizer, tf.keras.mixed_precision.LossScaleOptimizer)
        return self.optimizer.get_scaled_loss(objective) if scaling else objective

    def _unscale(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        scaling = isinstance(self.optimizer, tf.keras.mixed_precision.LossScaleOptimizer)
        return self.optimizer.get_unscaled_gradients(gradients) if scaling else gradients

    @property
    def _replicas(self) -> int:
        return self.distribute_strategy.num_replicas_in_sync

    def _summed(
        self, losses: dict[str, tf.Tensor], gradients: list[tf.Tensor]
    ) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        """Sums over the replicas, in a single exchange."""
        # Learned word vectors have sparse gradients, which would need an exchange of their own.
        dense = [tf.convert_to_tensor(gradient) for gradient in gradients]
        together = tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.SUM, [tf.stack(list(losses.values())), *dense]
        )
        return dict(zip(losses, tf.unstack(together[0]))), together[1:]

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        features, labels, *share = data
        losses, gradients = self._gradients(features, labels, *share)
        gradients = self._unscale(gradients)
        if share:
            losses, gradients = self._summed(losses, gradients)
        if self._clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm)
        summed = {"skip_gradients_aggregation": True} if share else {}
        self.optimizer.apply_gradients(zip(gradients, self.trained), **summed)
        if self.average is not None:
            self.average.update()
        examples = share[0][EXAMPLES].total if share else tf.shape(labels["start"])[0]
        return self._record(losses, examples)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        features, labels = data
        losses = self._evaluate_terms(features, labels, training=False)
        return self._record(losses, tf.shape(labels["start"])[0])

    def _record(self, losses: Mapping[str, tf.Tensor], examples: tf.Tensor) -> dict[str, tf.Tensor]:
        for name, mean in self._means.items():
            mean.update_state(losses[name], sample_weight=examples)
        return {name: mean.result() for name, mean in self._means.items()}
