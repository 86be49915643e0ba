"""What every line goes through before it is written: colours that can be read on what is behind them, or none at all."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.filter import LineFilter

if TYPE_CHECKING:
    from rich.color_triplet import ColorTriplet
    from textual.color import Color

LEAST = 4.5
"""The contrast of text to what is behind it, at least (WCAG 2.2, 1.4.3)."""
STEPS = 20
NONE = Style.from_color(RichColor.default(), RichColor.default())
_DRAWN = ("\u2500", "\u259f")
"""The first and the last of the characters with which lines, bars and blocks are drawn; they may be faint."""


class Legible(LineFilter):
    """Moves the colour of text towards black or white where it cannot be read on what is behind it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line with colours that can be read."""
        behind = background.rich_color
        return [
            Segment(text, _legible(style, behind), control) if style is not None and _is_text(text) else each
            for each in segments
            for text, style, control in (each,)
        ]


class Colourless(LineFilter):
    """Takes all colours away; what is bold, dim, reverse or underlined stays so."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - a filter's signature
        """Return the segments of a line without colours."""
        return [Segment(text, (style or Style()) + NONE, control) for text, style, control in segments]


def _is_text(text: str) -> bool:
    stripped = text.strip()
    return bool(stripped) and not _DRAWN[0] <= stripped[0] <= _DRAWN[1]


@lru_cache(4096)
def _legible(style: Style, background: RichColor) -> Style:
    behind = style.bgcolor if style.bgcolor is not None and style.bgcolor.triplet is not None else background
    if style.color is None or style.color.triplet is None or behind.triplet is None:
        return style
    return style + Style(color=RichColor.from_triplet(readable(style.color.triplet, behind.triplet)))


def readable(colour: ColorTriplet, behind: ColorTriplet) -> ColorTriplet:
    """Return the colour nearest to this one, on the way to black or white, that can be read on `behind`."""
    if contrast(colour, behind) >= LEAST:
        return colour
    end = max((type(colour)(0, 0, 0), type(colour)(255, 255, 255)), key=lambda each: contrast(each, behind))
    moved = (
        type(colour)(*(round(a + (b - a) * step / STEPS) for a, b in zip(colour, end, strict=True)))
        for step in range(1, STEPS)
    )
    return next((each for each in moved if contrast(each, behind) >= LEAST), end)


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
