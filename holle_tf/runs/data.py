"""The data of a run: raw chats, or the embedded demo corpus, made into records once."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, Optional, Sequence

import pipelines.demo
from holle_tf.config import Config
from holle_tf.system.beam import importing_beam
from pipelines.demo.corpus import GLOVE_PATH, generate_corpus
from pipelines.errors import UserError
from pipelines.local_preparation import fill_folder
from pipelines.options import AUTO, HOLLE
from pipelines.prepare import PreparedData, fingerprint_of, prepare

logger = logging.getLogger(__name__)

DEMO_PACKAGE = Path(pipelines.demo.__file__).parent


def open_data(config: Config, beam_options: Optional[Sequence[str]] = None) -> PreparedData:
    """The data that ``config`` names: prepared now, or found if prepared before from the same input.

    Args:
        beam_options: options of Apache Beam, which then prepares the data; None = prepare them without it.

    Raises:
        UserError: see ``pipelines.prepare.prepare``; or Apache Beam is not installed.
    """
    root = Path(config.runs_dir) / "data"
    data_dir, glove = raw_data(config)
    fill = fill_folder if beam_options is None else _beam_filler(beam_options)
    try:
        return prepare(data_dir, root, config.data, glove, limit=config.limit or None, fill=fill)
    except OSError as error:
        raise UserError(
            f"{error.filename or root}: cannot prepare the data here ({error.strerror})."
        ) from error


def find_data(config: Config) -> Optional[PreparedData]:
    """What ``open_data`` would find prepared; None if it would have to prepare it.

    Raises:
        UserError: raw data or word vectors are missing.
    """
    if not config.data_dir and not (_demo_folder(config) / "test_data.json").exists():
        return None
    data_dir, glove = raw_data(config)
    if glove is None:
        return open_data(config)  # which says what is missing
    fingerprint, _ = fingerprint_of(data_dir, config.data, glove, config.limit or None)
    folder = Path(config.runs_dir) / "data" / f"{config.data.setup}-{fingerprint[:10]}"
    if not folder.exists():
        return None
    prepared = PreparedData.load(folder)
    return prepared if prepared.is_current else None


def relocated(trained: Config, config: Config) -> Config:
    """The configuration of a run whose folder or data may have moved.

    Args:
        trained: configuration that the run was trained with.
        config: says where runs are now, and, if it names any, the data and word vectors.
    """
    chosen = {name: getattr(config, name) for name in ("data_dir", "glove") if getattr(config, name)}
    return replace(trained, runs_dir=config.runs_dir, **chosen)


def _beam_filler(options: Sequence[str]) -> Callable[..., dict[str, Any]]:
    with importing_beam():
        from pipelines.beam_preparation import beam_filler
    return beam_filler(options)


def raw_data(config: Config) -> tuple[Path, Optional[str]]:
    """The folder of the raw files and the GloVe file; without ``data_dir``, those of the demo corpus.

    Raises:
        UserError: there is no ``data_dir``, and the demo corpus has another schema.
    """
    if config.data_dir:
        return Path(config.data_dir), config.glove or None
    if config.data.schema not in (AUTO, HOLLE):
        raise UserError(f"data.schema={config.data.schema}: give your data by --data_dir and --glove.")
    folder = _demo_folder(config)
    if not (folder / "test_data.json").exists():
        logger.info(f"writing the demo corpus (fictitious movies and chats) to {folder}")
        generate_corpus(folder, **asdict(config.demo))
    return folder, config.glove or str(GLOVE_PATH)


def _demo_folder(config: Config) -> Path:
    return Path(config.runs_dir) / "data" / f"demo-{_demo_fingerprint(config)}"


def _demo_fingerprint(config: Config) -> str:
    digest = hashlib.sha256(json.dumps(asdict(config.demo), sort_keys=True).encode())
    for source in sorted(DEMO_PACKAGE.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:10]
