"""What came out of a run, and of all runs of a row of the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.statistics import Estimate, over_examples, over_seeds
from holle_tf.report.variants import label_of

LEFT_OUT = "left out"  # by report.only


@dataclass(frozen=True)
class Outcome:
    """One finished run on the test split.

    Attributes:
        row: of the report.
        seed: of the run.
        digest: of everything that decides it, see ``Runs.digest``.
        run: name of its folder.
        scores: columns of ``SCORE_DEFINITIONS``.
        f1: of every example in the order of the data, (examples,), 0-100.
        em: likewise, 0 or 100.
        cosines: vector name -> (examples,), see ``evaluation.cosines_of``.
        conicity: vector name -> mean over conversations.
        multi: what ``score_with_references`` gives; None where no file was given.
        result: ``result.json``.
        epochs: what its training logged; empty where these are other documents than those of its training.
        made: ``date`` and ``machine`` of the report that it was kept from; empty where the run is here.
        spans: its predictions in the order of the data; None of what was kept.
    """

    row: str
    seed: int
    digest: str
    run: str
    scores: Mapping[str, float]
    f1: np.ndarray
    em: np.ndarray
    cosines: Mapping[str, np.ndarray]
    conicity: Mapping[str, float]
    multi: Optional[Mapping[str, Any]]
    result: Mapping[str, Any]
    epochs: Sequence[Mapping[str, Any]]
    made: Mapping[str, Any] = field(default_factory=dict)
    spans: Optional[list[SpanPrediction]] = None


@dataclass(frozen=True)
class Row:
    """All seeds of one row of the report.

    Attributes:
        key: as ``ld/add_topk/qanet``.
        outcomes: in the order of the seeds; empty where nothing is finished.
        seeds: how many there are to be.
        fault: why outcomes are missing, for the cell: failed, not run yet, left out, "begun, 3 epochs".
        resamples: of every bootstrap.
    """

    key: str
    outcomes: list[Outcome]
    seeds: int
    fault: str
    resamples: int

    @property
    def label(self) -> str:
        """As the paper writes it."""
        return label_of(self.key)

    @property
    def setup(self) -> str:
        """sd | ld."""
        return self.key.split("/")[0]

    @property
    def spans(self) -> Optional[list[SpanPrediction]]:
        """Predictions of the first seed whose run is here; None where there is none."""
        return next((one.spans for one in self.outcomes if one.spans is not None), None)

    @cached_property
    def f1(self) -> np.ndarray:
        """F1 of every test example, mean over the seeds, (examples,), 0-100."""
        return np.mean([one.f1 for one in self.outcomes], axis=0)

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Mean of every score with its interval: over seeds or, of F1 and EM of one seed, over examples."""
        if len(self.outcomes) > 1:
            return {
                name: over_seeds([one.scores[name] for one in self.outcomes])
                for name in self.outcomes[0].scores
            }
        nan = float("nan")
        found = {
            name: Estimate(value, nan, nan, "one seed") for name, value in self.outcomes[0].scores.items()
        }
        one = self.outcomes[0]
        if len(one.f1) > 1:
            found["f1"] = over_examples(one.f1, self.resamples)
            found["em"] = over_examples(one.em, self.resamples)
        return found

    def mean_conicity(self) -> Optional[float]:
        """Over the model's vectors and the seeds; None where it has none."""
        values = [value for one in self.outcomes for value in one.conicity.values()]
        return float(np.mean(values)) if values else None
