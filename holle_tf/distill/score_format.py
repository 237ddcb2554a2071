"""The file format of the scores of a teacher outside the project (docs/teachers.md): JSON lines or Parquet.

A score belongs to a character of the document, so that the file depends on no tokenizer.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Iterable, Iterator, Mapping, NamedTuple, Optional, cast

import numpy as np

from holle_tf.models.outputs import EDGES
from pipelines.errors import UserError
from pipelines.files import atomic_file, atomic_path
from pipelines.raw_files import DAMAGED, lines_of, opened_bytes

FORMAT, VERSION = "span_scores", 1
LOGITS, LOG_PROBABILITIES = "logits", "log_probabilities"
PARQUET = ".parquet"
_MARK = b"span_scores"  # key of the header in the metadata of a Parquet file
_ROWS = 512  # of a Parquet row group
_TOLERANCE = 0.01  # by which log-probabilities may sum to more than 1
REMEDY = "write it as docs/teachers.md describes"


class Header(NamedTuple):
    """What holds for all lines of a file.

    Attributes:
        values: ``logits`` or ``log_probabilities``.
        teacher: its name; empty if the file has none.
        parameters: of the teacher; None if the file does not say.
    """

    values: str
    teacher: str = ""
    parameters: Optional[int] = None


class EdgeScores(NamedTuple):
    """The scores of one end of the span.

    Attributes:
        offsets: int64 (positions,). Of a start, the character that the answer begins with; of an end, the one
            after its last character.
        scores: float64 (positions,). A position that is not listed has no probability.
    """

    offsets: np.ndarray
    scores: np.ndarray


class ScoreLine(NamedTuple):
    """The scores of an example.

    Attributes:
        split: train, dev, test or pool; empty = the file does not say.
        document_sha256: of the document's text in UTF-8, 64 hex digits.
        where: file and line, for messages.
        null: the scores for the start and the end of "no answer", in one distribution with those of the
            characters; None if the file does not have them.
    """

    example_id: str
    split: str
    document_sha256: str
    start: EdgeScores
    end: EdgeScores
    where: str = ""
    null: Optional[tuple[float, float]] = None


def read_header(path: Path) -> Header:
    """The header of a file of scores.

    Raises:
        UserError: the file cannot be read, or is not of this format and version.
    """
    if path.suffix == PARQUET:
        with _opened_parquet(path) as file:
            text = (file.schema_arrow.metadata or {}).get(_MARK, b"")
    else:
        text = next(_lines(path), b"")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise UserError(f'{path}: no header {{"format": "{FORMAT}", "version": {VERSION}, ...}}; {REMEDY}.')
    if content.get("version") != VERSION:
        raise UserError(
            f"{path}: version {content.get('version')!r} of the format; this release reads version {VERSION}."
        )
    if content.get("values") not in (LOGITS, LOG_PROBABILITIES):
        raise UserError(
            f"{path}: 'values' of the header is {content.get('values')!r}, neither {LOGITS} nor"
            f" {LOG_PROBABILITIES}; correct it."
        )
    parameters = content.get("parameters")
    return Header(
        content["values"],
        str(content.get("teacher") or ""),
        parameters if isinstance(parameters, int) else None,
    )


def read_score_lines(path: Path) -> Iterator[ScoreLine]:
    """The scores of each example, in the order of the file, which is read once and in little memory.

    Raises:
        UserError: a line is broken; the message names it.
    """
    values = read_header(path).values
    rows = _parquet_rows(path) if path.suffix == PARQUET else _json_rows(path)
    for where, row in rows:
        yield _checked(row, where, values)


def write_score_file(path: Path, header: Header, lines: Iterable[ScoreLine]) -> None:
    """Write a file of scores: Parquet if its name ends in .parquet, otherwise JSON lines, packed for .gz.

    The same lines give the same bytes. The file appears once it is complete.

    Raises:
        UserError: the file cannot be written, or pyarrow is not installed.
    """
    head = {"format": FORMAT, "version": VERSION, **header._asdict()}
    text = json.dumps({name: value for name, value in head.items() if value not in ("", None)})
    if path.suffix == PARQUET:
        _write_parquet(path, text, lines)
        return
    with ExitStack() as closed_after:
        file = cast(IO[bytes], closed_after.enter_context(atomic_file(path)))
        if path.suffix == ".gz":
            file = cast(IO[bytes], closed_after.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0)))
        file.write(text.encode() + b"\n")
        for line in lines:
            file.write(json.dumps(_as_row(line), ensure_ascii=False).encode("utf-8") + b"\n")


def _as_row(line: ScoreLine) -> dict[str, Any]:
    row: dict[str, Any] = {"example_id": line.example_id}
    if line.split:
        row["split"] = line.split
    row["document_sha256"] = line.document_sha256
    for edge, score in zip(EDGES, line.null or ()):
        row[f"{edge}_null"] = float(str(score))
    for edge, found in zip(EDGES, (line.start, line.end)):
        row[f"{edge}_offsets"] = found.offsets.tolist()
        # The shortest digits that give the same value of the type: of half precision, at most five.
        row[f"{edge}_scores"] = [float(str(score)) for score in found.scores]
    return row


def _checked(row: Any, where: str, values: str) -> ScoreLine:
    if not isinstance(row, Mapping):
        raise UserError(f"{where}: not an object; {REMEDY}.")
    texts = []
    for name in ("example_id", "document_sha256"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise UserError(f"{where}: no text {name!r}; {REMEDY}.")
        texts.append(row[name])
    name = f"{where} ({texts[0]})"
    start, end = (_edge(row, edge, name, values) for edge in EDGES)
    return ScoreLine(
        texts[0], str(row.get("split") or ""), texts[1].lower(), start, end, name, _null(row, name)
    )


def _null(row: Mapping[str, Any], where: str) -> Optional[tuple[float, float]]:
    given = [row.get(f"{edge}_null") for edge in EDGES]
    if given == [None, None]:
        return None
    for edge, score in zip(EDGES, given):
        if isinstance(score, bool) or not isinstance(score, (int, float)) or not math.isfinite(score):
            raise UserError(f"{where}: '{edge}_null' is not a number; {REMEDY}.")
    return float(given[0]), float(given[1])  # type: ignore[arg-type]


def _edge(row: Mapping[str, Any], edge: str, where: str, values: str) -> EdgeScores:
    try:
        # None = no probability, which JSON cannot write as a number
        given = [math.nan if score is None else score for score in row[f"{edge}_scores"]]
        scores = np.array(given, np.float64)
        if row.get(f"{edge}_offsets") is None:  # dense: a score for each character
            offsets = np.arange(len(scores)) + (edge == "end")
        else:
            offsets = np.array(row[f"{edge}_offsets"], np.float64)
        valid = scores.shape == offsets.shape == (len(given),) and bool(
            np.all(offsets == offsets.astype(int))
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        valid = False
    if not valid:
        raise UserError(
            f"{where}: '{edge}_scores' and '{edge}_offsets' are no lists of numbers of one length; {REMEDY}."
        )
    missing = np.array([score is None for score in row[f"{edge}_scores"]], bool)
    offsets, scores = offsets.astype(np.int64)[~missing], scores[~missing]
    finite = np.isfinite(scores)
    if not finite.all():
        if np.isnan(scores).any() or (scores > 0)[~finite].any():
            raise UserError(f"{where}: '{edge}_scores' has a value that is no number; {REMEDY}.")
        offsets, scores = offsets[finite], scores[finite]  # the logarithm of 0
    if not len(scores):
        raise UserError(f"{where}: '{edge}_scores' is empty; leave out the example, or score it.")
    if values == LOG_PROBABILITIES and np.exp(scores).sum() > 1 + _TOLERANCE:
        raise UserError(
            f"{where}: the probabilities of '{edge}_scores' sum to more than 1; if they are logits, say so in"
            " 'values' of the header."
        )
    return EdgeScores(offsets, scores)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with opened_bytes(path) as file:
            yield from lines_of(file, path)
    except DAMAGED as error:
        raise UserError(f"{path}: damaged or not packed by gzip ({error}); write it again.") from error
    except OSError as error:
        raise UserError(f"{path}: cannot read this file ({error.strerror}); check the path.") from error


def _json_rows(path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(_lines(path), 1):
        if number == 1 or not line.strip():
            continue
        try:
            yield f"{path}, line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}, line {number}: not valid JSON ({error}); {REMEDY}.") from error


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise UserError(
            f"{path}: Parquet needs pyarrow; pip install 'holle-tf[parquet]', or use JSON lines (.jsonl.gz)."
        ) from error
    return pyarrow


def _opened_parquet(path: Path) -> Any:
    arrow = _pyarrow(path)
    try:
        return arrow.parquet.ParquetFile(path)
    except OSError as error:
        raise UserError(f"{path}: cannot read this file ({error}); check the path.") from error
    except arrow.ArrowInvalid as error:
        raise UserError(f"{path}: not a Parquet file ({error}); {REMEDY}.") from error


def _parquet_rows(path: Path) -> Iterator[tuple[str, Any]]:
    with _opened_parquet(path) as file:
        number = 0
        for batch in file.iter_batches(_ROWS):
            for row in batch.to_pylist():
                number += 1
                yield f"{path}, row {number}", row


def _write_parquet(path: Path, header: str, lines: Iterable[ScoreLine]) -> None:
    arrow = _pyarrow(path)
    lists = {f"{edge}_{name}": arrow.list_(kind) for edge in EDGES
             for name, kind in (("offsets", arrow.int32()), ("scores", arrow.float32()))}  # fmt: skip
    texts = {name: arrow.string() for name in ("example_id", "split", "document_sha256")}
    waiting = iter(lines)
    first = next(waiting, None)
    of_null = {f"{edge}_null": arrow.float32() for edge in EDGES} if first and first.null else {}
    schema = arrow.schema({**texts, **of_null, **lists}).with_metadata({_MARK: header.encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, arrow.parquet.ParquetWriter(temporary, schema) as writer:
        rows: list[dict[str, Any]] = []
        for line in itertools.chain([] if first is None else [first], waiting):
            rows.append({"split": None, **_as_row(line)})
            if len(rows) == _ROWS:
                writer.write_table(arrow.Table.from_pylist(rows, schema))
                rows = []
        if rows:
            writer.write_table(arrow.Table.from_pylist(rows, schema))
