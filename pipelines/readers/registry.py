"""The readers by schema. A new one is a file in this folder and a row here."""

from __future__ import annotations

import difflib
from typing import Dict

from pipelines.errors import UserError
from pipelines.options import AUTO, HOLLE, DataConfig
from pipelines.readers import coqa, doc2dial, holle, quac, squad
from pipelines.readers.reader import Reader

READERS: Dict[str, Reader] = {}


def register_reader(reader: Reader) -> None:
    """Make a schema known as ``data.schema=<reader.name>``.

    Raises:
        ValueError: another reader has that name.
    """
    if READERS.setdefault(reader.name, reader) is not reader:
        raise ValueError(f"two readers are called {reader.name!r}")


def reader_of(config: DataConfig) -> Reader:
    """The reader of ``data.schema``. Where ``auto`` was not told from files, it is Holl-E's.

    Raises:
        UserError: the schema is unknown, or has no documents for ``data.setup`` or no such ``data.answer``.
    """
    reader = READERS.get(HOLLE if config.schema == AUTO else config.schema)
    if reader is None:
        known = [AUTO, *READERS]
        near = difflib.get_close_matches(config.schema, known, n=1, cutoff=0.0)[0]
        raise UserError(
            f"data.schema={config.schema}: not among the choices ({', '.join(known)}); did you mean {near!r}?"
        )
    if config.setup not in reader.setups:
        raise UserError(
            f"data.setup={config.setup}: the schema {reader.name!r} has no such documents;"
            f" choose from {', '.join(reader.setups)}."
        )
    if config.answer not in reader.answers:
        raise UserError(
            f"data.answer={config.answer}: the schema {reader.name!r} has no such answers;"
            f" choose from {', '.join(reader.answers)}."
        )
    return reader


register_reader(holle.READER)
register_reader(squad.READER)
register_reader(quac.READER)
register_reader(coqa.READER)
register_reader(doc2dial.READER)
