"""What a command says where Apache Beam is asked for and not installed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from pipelines.errors import UserError


@contextmanager
def importing_beam() -> Iterator[None]:
    """A context for imports of modules that need Apache Beam; raises a UserError if one fails."""
    try:
        yield
    except ImportError as error:
        raise UserError(
            f"--beam_options: Apache Beam cannot be imported ({error}); "
            "pip install 'holle-tf[beam]', or, in the repository, sh install.sh beam."
        ) from error
