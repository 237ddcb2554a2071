"""Training of a student on weighted, named terms; without a teacher, plain training."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Callable, ContextManager, Mapping, Optional, Sequence

import tensorflow as tf

from holle_tf.distill.terms import TERMS, Batch, Outputs
from holle_tf.distill.weight_average import WeightAverage

# (features, labels) -> start_logits and end_logits, (batch, doc_len)
Teacher = Callable[[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]], Outputs]


def online_teacher(model: tf.keras.Model) -> Teacher:
    """A frozen model that reads every batch anew, in inference mode."""
    inputs = tuple(model.input)

    def logits(features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> Outputs:
        del labels
        return model({name: features[name] for name in inputs}, training=False)

    return logits


def cached_teacher(name: str) -> Teacher:
    """A teacher whose logits come with the labels, as ``teacher_cache`` stores them."""

    def logits(features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> Outputs:
        del features
        return {f"{edge}_logits": labels[f"{name}_{edge}_logits"] for edge in ("start", "end")}

    return logits


class Distiller(tf.keras.Model):
    """Minimises ``sum_i weight_i * mean(term_i)`` plus an L2 penalty, over the student's weights only.

    Args:
        student: a span model. Export and save this, not the distiller.
        terms: weights of the objective's terms, by names of ``terms.TERMS``.
        teachers: closures, so that no teacher becomes part of a checkpoint of the distiller.
        temperature: of the teacher terms.
        l2: times half the sum of squares of every kernel (a weight of two or more axes), the frozen
            or learned word vectors excepted.
        ema_decay: of the averaged weights; 0 = none are kept.
        clip_norm: largest global norm of the gradients; 0 = no clipping.
        jit: compile forward and backward pass with XLA; recurrent layers then have to be made within
            ``recurrent_implementation("keras")``.

    Raises:
        ValueError: a term is unknown, or one needs a teacher and there is none.
    """

    def __init__(
        self,
        student: tf.keras.Model,
        terms: Mapping[str, float],
        teachers: Sequence[Teacher] = (),
        *,
        temperature: float = 1.0,
        l2: float = 0.0,
        ema_decay: float = 0.0,
        clip_norm: float = 0.0,
        jit: bool = False,
    ):
        super().__init__(name="distiller")
        unknown = set(terms) - set(TERMS)
        if unknown:
            raise ValueError(f"unknown terms {sorted(unknown)}; there are {sorted(TERMS)}")
        if "teacher" in terms and not teachers:
            raise ValueError("the term 'teacher' needs a teacher")
        self.student = student
        self._terms = dict(terms)
        self._teachers = tuple(teachers)
        self._temperature = temperature
        self._l2 = l2
        self._clip_norm = clip_norm
        self._kernels = [
            v for v in student.trainable_variables if v.shape.rank > 1 and "embedding" not in v.name
        ]
        self.average: Optional[WeightAverage] = None
        if ema_decay:
            self.average = WeightAverage(student.trainable_variables, ema_decay)
        self._means = {name: tf.keras.metrics.Mean(name=name) for name in ("loss", *self._terms)}
        self._gradients = (
            tf.function(self._forward_backward, jit_compile=True) if jit else self._forward_backward
        )

    def call(self, inputs: Mapping[str, tf.Tensor], training: Any = None) -> Outputs:
        return self.student({name: inputs[name] for name in self.student.input}, training=training)

    @property
    def metrics(self) -> list[tf.keras.metrics.Metric]:
        return list(self._means.values())

    def averaged_weights(self) -> ContextManager[None]:
        """A context in which the student has its averaged weights, if any are kept."""
        return self.average.applied() if self.average is not None else nullcontext()

    def _evaluate_terms(self, features: Any, labels: Any, training: bool) -> dict[str, tf.Tensor]:
        teachers = [teacher(features, labels) for teacher in self._teachers]
        batch = Batch(self(features, training=training), teachers, labels, self._temperature)
        means = {name: tf.reduce_mean(TERMS[name](batch)) for name in self._terms}
        return {"loss": tf.add_n([self._terms[name] * mean for name, mean in means.items()]), **means}

    def _forward_backward(self, features: Any, labels: Any) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            losses = self._evaluate_terms(features, labels, training=True)
            objective = losses["loss"]
            if self._l2:
                objective += self._l2 * tf.add_n([tf.nn.l2_loss(kernel) for kernel in self._kernels])
            scaled = self._scale(objective)
        return losses, tape.gradient(scaled, self.student.trainable_variables)

    def _scale(self, objective: tf.Tensor) -> tf.Tensor:
        scaling = isinstance(self.optimizer, tf.keras.mixed_precision.LossScaleOptimizer)
        return self.optimizer.get_scaled_loss(objective) if scaling else objective

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        features, labels = data
        losses, gradients = self._gradients(features, labels)
        if isinstance(self.optimizer, tf.keras.mixed_precision.LossScaleOptimizer):
            gradients = self.optimizer.get_unscaled_gradients(gradients)
        if self._clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm)
        self.optimizer.apply_gradients(zip(gradients, self.student.trainable_variables))
        if self.average is not None:
            self.average.update()
        return self._record(losses, labels)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        features, labels = data
        return self._record(self._evaluate_terms(features, labels, training=False), labels)

    def _record(self, losses: Mapping[str, tf.Tensor], labels: Any) -> dict[str, tf.Tensor]:
        examples = tf.shape(labels["start"])[0]
        for name, mean in self._means.items():
            mean.update_state(losses[name], sample_weight=examples)
        return {name: mean.result() for name, mean in self._means.items()}
