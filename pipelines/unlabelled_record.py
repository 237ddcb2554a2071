"""A record as an example without an answer: its label is not read, or says that there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping, NamedTuple, Tuple

from pipelines.errors import UserError
from pipelines.example import UNANSWERED, Example, Unusable
from pipelines.example_from_texts import chat_name
from pipelines.options import WINDOWS, DataConfig
from pipelines.readers.reader import Reader
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


def parse_labelled(reader: Reader, record: Any, config: DataConfig) -> Tuple[Example, List[str]]:
    """``reader.parse``; with ``data.unanswerable=learn``, also of a question without an answer.

    The document of such a question is cut as that of an unlabelled one, around a random word: were it whole,
    or always its beginning, the way it is cut would tell that there is no answer.

    Raises:
        Unusable: the record gives no example.
    """
    try:
        return reader.parse(record, config)
    except Unusable as reason:
        if str(reason) != UNANSWERED or not config.has_null:
            raise
    name = reader.record_id(record)
    if not name:
        raise Unusable("'id' is missing")
    example = read_unlabelled(reader, record, name, config).example
    return replace(example, has_answer=True, chat_id=example.chat_id or name), []
