"""A Beam pipeline whose runner is the user's choice, Dask's among them.

Dask's runner (Beam 2.77) differs from the others, so the pipelines of this project do without

- tags of outputs: every output of a step gets the elements of all its outputs;
- side inputs: every task computes them anew, with all steps before them, and gets some elements more than
  once. ``CombineGlobally`` has such an input;
- ``Reshuffle`` for sharing work: Dask shares the partitions of ``Create``.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any, Callable, Iterable, List, Sequence, Tuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.pvalue import PCollection

from pipelines.errors import UserError

# Beam knows the other runners by their class alone (apache/beam#24578).
_FULL_NAMES = {"DaskRunner": "apache_beam.runners.dask.dask_runner.DaskRunner"}
# What is shared here are files and parts of files. By default, 128 of them would go to one worker.
_DASK_PARTITIONS = ("--dask_npartitions", "--dask_partition_size")
_ONE_EACH = "--dask_partition_size=1"
_ALL = "all"  # key of everything that a pipeline finds


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


def found_by_pipeline(
    options: Sequence[str], folder: Path, build: Callable[[beam.Pipeline], PCollection]
) -> List[Any]:
    """All that the last step of a pipeline gives, in any order.

    Args:
        options: as of ``make_pipeline``.
        folder: all workers see it. The results go through a file in it.
        build: adds the steps to a pipeline.

    Raises:
        UserError: a worker raised one, or the pipeline failed.
    """
    path = folder / ".found.pickle"
    try:
        with make_pipeline(options) as pipeline:
            found = build(pipeline) | "key" >> beam.Map(lambda each: (_ALL, each))
            _ = found | "together" >> beam.GroupByKey() | "save" >> beam.Map(_save, path)
    except Exception as error:  # runners wrap what a worker raises in errors of their own
        fault = re.search(r"UserError: (.*?)(?: \[while running|\n|$)", f"{type(error).__name__}: {error}")
        if fault:
            raise UserError(fault[1]) from error
        *_, last = str(error).strip().splitlines() or [""]  # a worker's error is the end of its traceback
        message = f"--beam_options: the pipeline failed ({type(error).__name__}: {last})"
        raise UserError(message) from error
    with open(path, "rb") as file:
        content = pickle.load(file)
    path.unlink()
    return content


def _save(item: Tuple[str, Iterable[Any]], path: Path) -> None:
    with open(path, "wb") as file:
        pickle.dump(list(item[1]), file)
