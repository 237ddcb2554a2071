"""Lays out a text as wrapped words in a picture and marks spans in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle

from holle_tf.drawing.colours import INK
from pipelines.tokenizer import Token

DPI = 150  # of the picture; widths depend on it, because of hinting
FONT_SIZE = 10.5  # points
LINE_HEIGHT = 17.6  # points
_CLOSING = set(".,;:!?)]}%\u2019\u201d")  # no space before these
_OPENING = set("([{$#\u2018\u201c")  # no space behind these
_QUOTES = {"'", '"'}
_CLITICS = {"'s", "n't", "'re", "'ve", "'ll", "'d", "'m"}


class Word(NamedTuple):
    """A token in its place, in points from the left."""

    place: int  # in the document
    text: str
    left: float
    right: float


Line = list[Word]


def lay_out(tokens: Sequence[str | Token], shown: tuple[int, int], width: float) -> list[Line]:
    """Lines of at most ``width`` points with ``tokens[shown[0]:shown[1]]``.

    Tokens keep the white space of their source; between plain words it is guessed by the rules of English
    typography. A word longer than the width has a line to itself.
    """
    measure = _Ruler()
    space = measure(" ")
    joined = joined_tokens(tokens)
    lines: list[Line] = [[]]
    for index in range(*shown):
        text = _text(tokens[index])
        line = lines[-1]
        left = line[-1].right + (0.0 if joined[index] else space) if line else 0.0
        right = left + measure(text)
        if line and right > width:
            left, right = 0.0, right - left
            lines.append([])
        lines[-1].append(Word(index, text, left, right))
    return lines


def joined_tokens(tokens: Sequence[str | Token]) -> list[bool]:
    """Whether each token follows the one before it without white space."""
    joined = []
    open_quotes: set[str] = set()
    opened = True  # no space follows: at the beginning, or after an opening mark
    for index, token in enumerate(tokens):
        text = _text(token)
        closes = text in open_quotes
        before = tokens[index - 1]
        if not isinstance(token, str) and not isinstance(before, str):
            joined.append(index > 0 and token.start == before.end)
        else:
            clitic = text.lower().replace("\u2019", "'") in _CLITICS
            joined.append(index > 0 and (opened or closes or clitic or text[:1] in _CLOSING))
        if text in _QUOTES:
            (open_quotes.discard if closes else open_quotes.add)(text)
        opened = text in _OPENING or (text in _QUOTES and not closes)
    return joined


def _text(token: str | Token) -> str:
    return token if isinstance(token, str) else token.text


def use_points(axes: Axes) -> tuple[float, float]:
    """Make points from the upper left corner the unit of ``axes``, in a figure of ``DPI``; hide its frame.

    Returns:
        Its width and height.
    """
    box = axes.get_window_extent()
    wide, tall = box.width * 72 / DPI, box.height * 72 / DPI
    axes.set(xlim=(0, wide), ylim=(tall, 0))  # y runs down, as lines do
    axes.axis("off")
    return wide, tall


def draw_page(
    axes: Axes,
    lines: Sequence[Line],
    gold: tuple[int, int] | None,
    gold_colour: str,
    spans: Mapping[str, tuple[tuple[int, int], str]],
) -> None:
    """Draw the lines; underline ``gold``, shade each of ``spans`` (name -> (first, last), colour).

    Several spans share the height of the line, so that each is seen where they overlap.
    """
    use_points(axes)
    band = (LINE_HEIGHT - 3.6) / max(len(spans), 1)
    for number, line in enumerate(lines):
        base = LINE_HEIGHT * number + 12.5
        for order, (span, colour) in enumerate(spans.values()):
            stretch = _stretch(line, span)
            if stretch:
                corner = (stretch[0] - 1, base - 11 + band * order)
                axes.add_patch(
                    Rectangle(
                        corner, stretch[1] - stretch[0] + 2, band, facecolor=colour, alpha=0.30, linewidth=0
                    )
                )
        if gold is not None:
            stretch = _stretch(line, gold)
            if stretch:
                axes.plot(stretch, [base + 4.2] * 2, color=gold_colour, linewidth=2.0, solid_capstyle="butt")
        for word in line:
            axes.text(
                word.left, base, word.text, fontsize=FONT_SIZE, color=INK, va="baseline", parse_math=False
            )


def _stretch(line: Line, span: tuple[int, int]) -> tuple[float, float] | None:
    inside = [word for word in line if span[0] <= word.place <= span[1]]
    return (inside[0].left, inside[-1].right) if inside else None


class _Ruler:
    """Measures the width of a text in points, at ``FONT_SIZE``, as Agg draws it."""

    def __init__(self) -> None:
        self._renderer = FigureCanvasAgg(Figure(figsize=(1, 1), dpi=DPI)).get_renderer()
        self._font = FontProperties(size=FONT_SIZE)
        self._known: dict[str, float] = {}

    def __call__(self, text: str) -> float:
        if text not in self._known:
            # Between two letters, because the width of a text by itself lacks the room around its ink.
            self._known[text] = self._ink(f"n{text}n") - self._ink("nn")
        return self._known[text]

    def _ink(self, text: str) -> float:
        pixels, _, _ = self._renderer.get_text_width_height_descent(text, self._font, False)
        return pixels * 72 / DPI
