"""Which values the options of ``holle_tf.config`` can have."""

from __future__ import annotations

from typing import Any, Mapping

from holle_tf.options.distill import GRADIENT_MODES, LONG_TEACHERS, SECOND_ORDERS
from holle_tf.options.export import QUANTIZATIONS
from holle_tf.options.models import CHUNK_MERGES
from holle_tf.options.strategy import STRATEGIES
from holle_tf.options.tuning import OBJECTIVES, TUNERS
from pipelines.errors import UserError
from pipelines.options import SETUPS

# Last parts of the keys of numbers that cannot be 0; no number can be below.
POSITIVE = {
    "batch_size",
    "epochs",
    "patience",
    "units",
    "inner_units",
    "layers",
    "char_dim",
    "char_filters",
    "char_width",
    "word_dim",
    "max_word_chars",
    "heads",
    "max_span",
    "n_best",
    "temperature",
    "chunk_words",
    "chunk_stride",
    "gradient_directions",
    "gradient_share",
    "hallucinated_share",
    "window_words",
    "scalars_every",
    "max_body_bytes",
    "max_document_words",
    "max_concurrency",
    "max_queue",
    "max_batch",
    "max_batch_words",
    "body_seconds",
    "executions",
    "workers",
    "lost_seconds",
    "wait_seconds",
    "headline_seeds",
    "other_seeds",
    "resamples",
}
TEACHERS = ("bidaf", "qanet")
CHOICES: dict[str, tuple[str, ...]] = {
    "model": ("sam", "bidaf", "qanet"),
    "data.setup": tuple(SETUPS),
    "distill.gradient_mode": GRADIENT_MODES,
    "distill.second_order": SECOND_ORDERS,
    "distill.long_teacher": tuple(LONG_TEACHERS),
    "export.quantization": QUANTIZATIONS,
    "distill.chunk_merge": CHUNK_MERGES,
    "sam.interaction": ("add", "mul"),
    "sam.cell": ("gru", "lstm"),
    "sam.encoder_sharing": ("all", "context", "none"),
    "strategy.kind": STRATEGIES,
    "tuning.tuner": TUNERS,
    "tuning.objective": tuple(OBJECTIVES),
    **{f"training.{m}.optimizer": ("adam", "adadelta") for m in ("sam", "bidaf", "qanet")},
    **{f"training.{m}.decay": ("none", "cosine") for m in ("sam", "bidaf", "qanet")},
    **{f"training.{m}.recurrence": ("auto", "compiled", "keras") for m in ("sam", "bidaf", "qanet")},
    **{
        f"training.{m}.mixed_precision": ("auto", "none", "bfloat16", "float16")
        for m in ("sam", "bidaf", "qanet")
    },
}


def check(config: Any, values: Mapping[str, Any]) -> None:
    """Raise a UserError that names the first option whose value cannot be.

    Args:
        config: a ``holle_tf.config.Config``.
        values: every value of it, by its dotted key.
    """
    for key, choices in CHOICES.items():
        value = values[key]
        if value not in choices:
            listed = ", ".join(choice or "''" for choice in choices)
            raise UserError(f"{key}={value}: not among the choices ({listed}).")
    for key, value in values.items():
        if key.startswith("recipes."):  # checked as the options that they take the place of
            continue
        positive = key.rsplit(".", 1)[-1] in POSITIVE
        if positive and value <= 0 or isinstance(value, (int, float)) and value < 0:
            raise UserError(f"{key}={value}: has to be {'positive' if positive else 'zero or more'}.")
    for name in config.teachers:
        if name not in TEACHERS:
            raise UserError(
                f"teacher={config.teacher}: {name!r} is not among the choices ({', '.join(TEACHERS)})."
            )
    if config.distill.chunk_stride > config.distill.chunk_words:
        raise UserError(f"distill.chunk_stride={config.distill.chunk_stride}: has to be at most chunk_words.")
    for share in ("hallucinated_share", "gradient_share"):
        if (value := getattr(config.distill, share)) > 1:
            raise UserError(f"distill.{share}={value}: has to be at most 1.")
    for key, value in values.items():
        if key.endswith("dropout") and value >= 1:
            raise UserError(f"{key}={value}: has to be below 1.")
    if config.serve.port > 65535:
        raise UserError(f"serve.port={config.serve.port}: has to be at most 65535.")
    if config.qanet.units % config.qanet.heads:
        raise UserError(
            f"qanet.units={config.qanet.units}: has to be a multiple of qanet.heads={config.qanet.heads}."
        )
