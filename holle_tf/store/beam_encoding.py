"""Writes the files of a store by an Apache Beam pipeline, for collections too large for one machine.

Needs ``requirements-beam.txt``. All workers must share the file system of input, store and export.
One process goes through the input and decides which lines are read. The parts are then distributed.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional, Sequence

import apache_beam as beam

from holle_tf.store.manifest import ShardEntry
from holle_tf.store.part import Encoder, Part, write_part
from pipelines.beam_pipeline import make_pipeline
from pipelines.errors import UserError
from pipelines.files import atomic_file
from pipelines.raw_files import is_packed

SUMMARY = ".parts.json"
_ALL = "all"  # key of every part's entry


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
            UserError: a worker raised one, or the input is compressed, so that it has no parts to go to.
        """
        if is_packed(source):
            raise UserError(f"{source}: workers of Beam cannot read parts of a compressed file; unpack it")
        if not parts:
            return []
        try:
            with make_pipeline(self._options) as pipeline:
                written = (
                    pipeline
                    | "parts" >> beam.Create(list(parts))
                    | "distribute" >> beam.Reshuffle()
                    | "encode" >> beam.ParDo(_Write(self._make_encoder, source, folder, states))
                    | "together" >> beam.GroupByKey()
                )
                _ = written | "save" >> beam.Map(_save, folder / SUMMARY)
        except Exception as error:  # runners wrap what a worker raises in errors of their own
            said = f"{type(error).__name__}: {error}"
            fault = re.search(r"UserError: (.*?)(?: \[while running|\n|$)", said)
            if fault:
                raise UserError(fault[1]) from error
            raise
        found = dict(json.loads((folder / SUMMARY).read_text(encoding="utf-8")))
        (folder / SUMMARY).unlink()
        return [ShardEntry(**found[part.number]) for part in parts]


class _Write(beam.DoFn):
    def __init__(self, make_encoder: Any, source: Path, folder: Path, states: str):
        self._make_encoder, self._source, self._folder, self._states = make_encoder, source, folder, states
        self._encoder: Optional[Encoder] = None

    def setup(self) -> None:
        self._encoder = self._make_encoder()

    def process(self, part: Part) -> Iterator[tuple[str, tuple[int, dict[str, Any]]]]:
        assert self._encoder is not None
        with open(self._source, "rb") as file:
            file.seek(part.offset)
            content = file.read(part.size)
        entry = write_part(self._folder, part, content, self._encoder, self._states)
        yield _ALL, (part.number, asdict(entry))


def _save(found: tuple[str, Iterable[tuple[int, dict[str, Any]]]], path: Path) -> None:
    with atomic_file(path, "w") as file:
        json.dump(list(found[1]), file)
