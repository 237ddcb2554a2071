"""Writes the files of a store by an Apache Beam pipeline, for collections too large for one machine.

Needs ``requirements-beam.txt``. All workers must share the file system of input, store and export.
One process goes through the input and decides which lines are read. The parts are then distributed.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterator, Optional, Sequence

import apache_beam as beam
from apache_beam.pvalue import PCollection

from holle_tf.store.manifest import ShardEntry
from holle_tf.store.part import Encoder, Part, write_part
from pipelines.beam_pipeline import found_by_pipeline
from pipelines.errors import UserError
from pipelines.raw_files import is_packed


class BeamParts:
    """Encodes and writes parts on the workers of a pipeline.

    Args:
        options: of Beam, such as ``--runner=FlinkRunner``.
        make_encoder: called once by each worker.
    """

    def __init__(self, options: Sequence[str], make_encoder: Any):
        self._options, self._make_encoder = list(options), make_encoder

    def __call__(self, source: Path, folder: Path, parts: Sequence[Part], states: str) -> list[ShardEntry]:
        """The entries of all parts, in their order.

        Raises:
            UserError: a worker raised one, the pipeline failed, or the input is compressed, so that it has no
                parts to go to.
        """
        if is_packed(source):
            raise UserError(f"{source}: workers of Beam cannot read parts of a compressed file; unpack it")
        if not parts:
            return []

        def build(pipeline: beam.Pipeline) -> PCollection:
            return (
                pipeline
                | "parts" >> beam.Create(list(parts))
                | "distribute" >> beam.Reshuffle()
                | "encode" >> beam.ParDo(_Write(self._make_encoder, source, folder, states))
            )

        found = dict(found_by_pipeline(self._options, folder, build))
        return [ShardEntry(**found[part.number]) for part in parts]


class _Write(beam.DoFn):
    def __init__(self, make_encoder: Any, source: Path, folder: Path, states: str):
        self._make_encoder, self._source, self._folder, self._states = make_encoder, source, folder, states
        self._encoder: Optional[Encoder] = None

    def setup(self) -> None:
        self._encoder = self._make_encoder()

    def process(self, part: Part) -> Iterator[tuple[int, dict[str, Any]]]:
        assert self._encoder is not None
        with open(self._source, "rb") as file:
            file.seek(part.offset)
            content = file.read(part.size)
        yield part.number, asdict(write_part(self._folder, part, content, self._encoder, self._states))
