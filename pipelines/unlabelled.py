"""Records of raw data as examples without an answer, whether or not the record has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from pipelines.errors import UserError
from pipelines.example import Example, Unusable
from pipelines.example_from_texts import chat_name
from pipelines.options import WINDOWS, DataConfig
from pipelines.readers.reader import Reader
from pipelines.readers.registry import reader_of
from pipelines.splits import ReadReport, iterate_files
from pipelines.tokenizer import tokenize
from pipelines.windows import cut_unanswered


class Unlabelled(NamedTuple):
    """An example without an answer.

    Attributes:
        example: with ``has_answer`` false.
        whole: the text that its document was cut out of; the document itself if it was not cut.
    """

    example: Example
    whole: str

    @property
    def example_id(self) -> str:
        return self.example.example_id


def iterate_unlabelled(
    files: Sequence[Path], report: ReadReport, config: DataConfig, limit: Optional[int] = None
) -> Iterator[Unlabelled]:
    """The examples of all records of raw files, with labels or without, to predict.

    Args:
        files: in the schema of ``config``.
        report: is filled meanwhile.
        config: options of the data.
        limit: stop after so many usable examples.

    Raises:
        UserError: as ``iterate_files``.
    """
    reader = reader_of(config)

    def parse(record: Any, name: str) -> Tuple[Unlabelled, List[str]]:
        return read_unlabelled(reader, record, name, config), []

    return iterate_files(files, report, config, limit, parse)


def read_unlabelled(reader: Reader, record: Any, name: str, config: DataConfig) -> Unlabelled:
    """The example of a record, whose answer is not read.

    Documents are those of ``config.setup``. What is cut around the answer elsewhere is cut around a random
    word here, see ``pipelines.windows.cut_unanswered``.

    Args:
        reader: of the schema.
        record: of ``reader.records``, or a chat to predict.
        name: what a report calls the record; becomes the id of the example.
        config: options of the data.

    Raises:
        Unusable: it has no document or no query.
    """
    if not isinstance(record, Mapping):
        raise Unusable("record is not an object")
    if reader.unlabelled is not None:
        example, whole = reader.unlabelled(record, config)
    else:
        try:
            example = reader.chat(record, config)
        except UserError as error:
            raise Unusable(str(error).removeprefix(f"{chat_name(record)}: ")) from error
        whole = example.document
        if config.setup == WINDOWS:
            example = replace(
                example, document=cut_unanswered(whole, config.window_words, name, rules=config.words)
            )
    if not tokenize(example.document):
        raise Unusable("the document has no word")
    return Unlabelled(replace(example, example_id=name), whole)
