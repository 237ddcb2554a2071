"""Answer the chats of many files by an Apache Beam pipeline; every file is answered by one worker.

Needs ``requirements-beam.txt``. All workers must share the file system. What a worker writes is what
``predict_stream`` writes for the file, so the answers equal those without Beam.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

import apache_beam as beam
from apache_beam.pvalue import PCollection

from holle_tf.runs.chat_lines import files_of_input
from holle_tf.runs.stream_prediction import Answered, Reads, predict_stream
from pipelines.beam_pipeline import found_by_pipeline
from pipelines.errors import UserError


def predict_files(
    make_reader: Callable[[], Reads],
    source: str,
    folder: Path,
    identity: Mapping[str, Any],
    options: Sequence[str],
    strict: bool = False,
) -> Answered:
    """Answer each file of ``source`` into a file of the same name in ``folder``, ending in .jsonl.

    Args:
        make_reader: called by each worker; it has to be picklable.
        source: a file or a folder.
        identity, strict: see ``predict_stream``.
        options: of Beam, such as ``--runner=FlinkRunner``.

    Raises:
        UserError: there are no files, two would be answered into one, or a pipeline failed.
    """
    files = files_of_input(source)
    # Workers may be in other working directories.
    outputs = {str(file.resolve()): str(folder / output_name(file)) for file in files}
    for output, count in Counter(outputs.values()).items():
        if count > 1:
            raise UserError(f"--input={source}: {count} files would be answered into {output}; rename them.")
    if not files:
        raise UserError("--beam_options: standard input has no files to share; name a folder by --input.")
    folder.mkdir(parents=True, exist_ok=True)

    def build(pipeline: beam.Pipeline) -> PCollection:
        return (
            pipeline
            | "files" >> beam.Create(sorted(outputs.items()))
            | "share" >> beam.Reshuffle()
            | "answer" >> beam.ParDo(_AnswerFile(make_reader, dict(identity), strict))
        )

    return Answered(*map(sum, zip(*found_by_pipeline(options, folder, build))))


def output_name(file: Path) -> str:
    """``a.json`` and ``a.jsonl`` -> ``a.jsonl``; ``a.jsonl.gz`` keeps its name."""
    packed = ".gz" if file.name.endswith(".gz") else ""
    stem = file.name[: len(file.name) - len(packed)]
    return f"{stem.rsplit('.', 1)[0]}.jsonl{packed}"


class _AnswerFile(beam.DoFn):
    """Answers the chats of a file; the elements are its path and that of its answers."""

    def __init__(self, make_reader: Callable[[], Reads], identity: dict[str, Any], strict: bool):
        self._make_reader, self._identity, self._strict = make_reader, identity, strict
        self._reader: Optional[Reads] = None

    def setup(self) -> None:
        """Load the export once for all files of a worker."""
        self._reader = self._make_reader()

    def process(self, element: tuple[str, str]) -> Iterator[tuple[int, int]]:
        """Yields the numbers of chats and of faults."""
        assert self._reader is not None
        source, output = element
        found = predict_stream(self._reader, source, Path(output), self._identity, self._strict)
        yield found.chats, found.faults
