"""Prints a predicted span in its document on the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

SPAN_STYLE = "bold black on bright_green"
MARKERS = (">>>", "<<<")  # around the span if there are no colours

# Characters that would move the cursor or that rich drops. Each becomes a space, so that offsets still hold.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def highlight(
    document: str,
    start_char: int,
    end_char: int,
    width: int,
    context: int | None = None,
    markers: bool = False,
) -> Text:
    """The document with a span highlighted, wrapped at words.

    Args:
        document: the whole text.
        start_char, end_char: the span, characters of the document, end exclusive.
        width: columns of a line; a single longer word is not broken.
        context: characters to show on either side of the span, cut at words, with "..." for text that is left
            out; None shows all.
        markers: write >>> and <<< around the span instead of styling it.

    Raises:
        ValueError: the span does not lie in the document.
    """
    if not 0 <= start_char <= end_char <= len(document):
        raise ValueError(f"span {start_char}:{end_char} outside a document of {len(document)} characters")
    text = _CONTROL.sub(" ", document)
    before, span, after = text[:start_char], text[start_char:end_char], text[end_char:]
    if context is not None:
        before, after = _last_words(before, context), _first_words(after, context)
    if markers:
        span = MARKERS[0] + span + MARKERS[1]
    wrapped = Text(_wrap(before + span + after, width), no_wrap=True, overflow="fold")
    if not markers:
        wrapped.stylize(SPAN_STYLE, len(before), len(before) + len(span))
    return wrapped


def print_prediction(
    console: Console,
    document: str,
    spans: Sequence[tuple[int, int, float]],
    query: str,
    answer: str | None = None,
    context: int | None = 600,
) -> None:
    """Print the query, the document with the best span marked, and the list of the n best spans.

    Args:
        console: where to print; without colours, the span is between >>> and <<<.
        document: the whole text.
        spans: (start_char, end_char, probability) of each span, best first, end exclusive.
        query: the prober's last utterance.
        answer: the true span, printed if it is known.
        context: characters of the document on either side of the best span; None for all of it.
    """
    _print_labelled(console, "query", query)
    if not spans:
        console.print("no span: the document is empty", style="yellow")
        return
    console.print()
    plain = console.no_color or console.color_system is None
    start_char, end_char, _ = spans[0]
    console.print(highlight(document, start_char, end_char, console.width, context, markers=plain))
    console.print()
    for rank, (start_char, end_char, score) in enumerate(spans, 1):
        line = Text(f"{rank:>3}  {score:6.3f}  ", style="bold" if rank == 1 else "")
        line.append(" ".join(_CONTROL.sub(" ", document[start_char:end_char]).split()))
        line.truncate(console.width, overflow="ellipsis" if console.encoding.startswith("utf") else "crop")
        console.print(line, no_wrap=True, highlight=False)
    if answer is not None:
        console.print()
        _print_labelled(console, "answer", answer)


def _print_labelled(console: Console, label: str, text: str) -> None:
    words = " ".join(_CONTROL.sub(" ", text).split())
    console.print(Text.assemble((f"{label}: ", "bold cyan"), words), highlight=False)


def _wrap(text: str, width: int) -> str:
    """Replace white space by line breaks, one for one, so that no character changes its place."""
    pieces, column = [], 0
    for match in re.finditer(r"(\s*)(\S*)", text):
        space, word = match.groups()
        if "\n" in space:
            column = cell_len(space.rpartition("\n")[2])
        elif space and column and column + cell_len(space) + cell_len(word) > width:
            space, column = "\n" + space[1:], len(space) - 1
        else:
            column += cell_len(space)
        column += cell_len(word)
        pieces.append(space + word)
    return "".join(pieces)


def _last_words(text: str, limit: int) -> str:
    """The end of the text, at most ``limit`` characters; no word is cut unless it is the only one."""
    if len(text) <= limit:
        return text
    kept = text[len(text) - limit :]
    if not text[len(text) - limit - 1].isspace():
        kept = re.sub(r"^\S+\s+(?=\S)", "", kept)
    return "... " + kept.lstrip()


def _first_words(text: str, limit: int) -> str:
    """The beginning of the text, likewise."""
    if len(text) <= limit:
        return text
    kept = text[:limit]
    if not text[limit].isspace():
        kept = re.sub(r"(?<=\S)\s+\S+$", "", kept)
    return kept.rstrip() + " ..."
