"""Whether an export is still what was written: its model card has the SHA-256 of every file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterable

from pipelines.digests import check_digests, digests_of
from pipelines.errors import UserError

CARD_JSON = "model_card.json"
DIGESTS = "sha256"  # in the model card: by path below the export
_REMEDY = "copy the export again, or export it again"


def read_card(folder: Path) -> dict[str, Any]:
    """The model card of an export; empty if it has none.

    Raises:
        UserError: it is damaged.
    """
    path = folder / CARD_JSON
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read; {_REMEDY}.") from error
    if not isinstance(card, dict):
        raise UserError(f"{path}: damaged, not a model card; {_REMEDY}.")
    return card


def check_export(folder: Path, needed: Iterable[str] = ()) -> dict[str, str]:
    """The SHA-256 of files of the export.

    Exports without a card, or with one from before digests were recorded, are not checked.

    Args:
        folder: of the export.
        needed: names of files whose digests are computed even then.

    Raises:
        UserError: a file is missing or has changed since it was written.
    """
    recorded = read_card(folder).get(DIGESTS)
    check_digests(folder, recorded, _REMEDY)
    return {**digests_of(folder, set(needed) - set(recorded or ())), **(recorded or {})}
