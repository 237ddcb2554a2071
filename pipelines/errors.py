"""The exception for faults of the input, whose message is shown to the user."""

import re

_LONGEST = 3000  # characters of a message; it may quote what it found
_BREAKS = re.compile("\\s*[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]\\s*")
_CUT = " [...] "


class UserError(Exception):
    """A fault of the input, not of the program.

    The message is one line that names the file (and the record, if there is one), says what is
    wrong with it and what to do. The command line prints it without a stack trace and exits with 2.
    What it quotes of the input cannot break the line, control a terminal or fill it: such characters are
    escaped, and the middle of a long message is left out.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) > _LONGEST:
            half = (_LONGEST - len(_CUT)) // 2
            text = text[:half] + _CUT + text[-half:]
        return text if text.isprintable() else "".join(map(_printable, _BREAKS.sub(" ", text)))


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
