"""The pool of a run: examples without labels that a student trains on beside the training data."""

from __future__ import annotations

import logging
from typing import Any, Optional, Sequence

from holle_tf.config import Config
from holle_tf.distill.terms import want_teachers
from pipelines.pool import POOL, Pool, pool_fingerprint, prepare_pool
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)


def has_pool(config: Config, terms: Sequence[str]) -> bool:
    """Whether a run of ``config`` that minimises these terms trains on a pool, which takes a teacher."""
    return bool(config.distill.pool) and want_teachers(terms)


def pool_identity(config: Config, prepared: PreparedData) -> dict[str, Any]:
    """What decides the examples of the pool; it need not be prepared yet.

    Raises:
        UserError: there is no such file.
    """
    return {
        "fingerprint": pool_fingerprint(config.distill.pool, prepared),
        "examples": config.distill.pool_examples,
    }


def open_pool(config: Config, prepared: PreparedData, terms: Sequence[str]) -> Optional[Pool]:
    """The pool of a run: prepared now, or found if it was prepared before; None if it has none.

    Args:
        prepared: the data of the run.
        terms: names of the terms that it minimises.

    Raises:
        UserError: see ``pipelines.pool.prepare_pool``.
    """
    if not has_pool(config, terms):
        return None
    pool = prepare_pool(config.distill.pool, prepared)
    wanted, there = config.distill.pool_examples, pool.count(POOL)
    if wanted > there:
        logger.warning(f"distill.pool_examples={wanted}: the pool has {there}, all of which are used")
    return Pool(pool, min(wanted or there, there))
