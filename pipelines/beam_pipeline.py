"""A Beam pipeline whose runner is the user's choice, Dask's among them.

Dask's runner (Beam 2.77) differs from the others, so the pipelines of this project do without

- tags of outputs: every output of a step gets the elements of all its outputs;
- side inputs: every task computes them anew, with all steps before them, and gets some elements more than
  once. ``CombineGlobally`` has such an input;
- ``Reshuffle`` for sharing work: Dask shares the partitions of ``Create``.
"""

from __future__ import annotations

from typing import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

# Beam knows the other runners by their class alone (apache/beam#24578).
_FULL_NAMES = {"DaskRunner": "apache_beam.runners.dask.dask_runner.DaskRunner"}
# What is shared here are files and parts of files. By default, 128 of them would go to one worker.
_DASK_PARTITIONS = ("--dask_npartitions", "--dask_partition_size")
_ONE_EACH = "--dask_partition_size=1"


def make_pipeline(options: Sequence[str]) -> beam.Pipeline:
    """A pipeline, which runs at the end of its ``with`` statement.

    Args:
        options: of Beam, such as ``--runner=DaskRunner``.

    Raises:
        ValueError: Beam does not know the runner.
    """
    chosen = PipelineOptions(list(options))
    runner = chosen.view_as(StandardOptions).runner
    if runner in _FULL_NAMES:
        shared = any(option.startswith(_DASK_PARTITIONS) for option in options)
        chosen = PipelineOptions([*options, *([] if shared else [_ONE_EACH])])
        chosen.view_as(StandardOptions).runner = _FULL_NAMES[runner]
    return beam.Pipeline(options=chosen)
