"""Texts that mean harm to a terminal or a table, and what of a frame shows that one of them got through."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

TEXTS = (
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[1;1H", "\x1b]0;owned\x07", "\x1b]8;;http://evil.example/\x1b\\press\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07", "\x1bP+q544e\x1b\\", "\x1b[?1049l\x1b[?25h", "\x9b31mred\x9c", "\x90q\x9c", "bell\x07\x07",
    "good\rbad", "pass\x08\x08\x08\x08fail", "a\x00b", "a\x7fb", "line\nline", "a\tb\tc", "a\x0bb\x0cc", "a\x85b\u2028c\u2029d",
    "[red]red[/red]", "[@click=app.quit]press[/]", "[link=http://evil.example/]press[/link]", "[bold", "[/]", "[/red]", "]][[",
    "\\[red]", "[$error on $success]x[/]", ":skull: {0} {name} %s %(x)s", "user\u202egpj.exe", "\u2066left\u2069 \u2067right\u2069",
    "\u061cmark\u200f\u200e", "zero\u200bwidth\u2060joined\ufeff", "soft\u00adhyphen\U000e0041\U000e007f", "\u3164\uffa0nothing",
    "Z\u0351\u036b\u0343\u036a\u0302" + "\u0335" * 60 + "algo", "ก" + "\u0e49" * 40, "W" * 190, "漢" * 120, "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "👩\u200d👩\u200d👧\u200d👦", "🏴\U000e0067\U000e0062\U000e007f", "👍🏽🇹🇭❤\ufe0f", " \u00a0\u2003\u3000 ", "\ufffd\ufffe\U0010ffff", "=cmd|' /C calc'!A0",
)  # fmt: skip
TOGETHER = " ".join(text for text in TEXTS if len(text) < 100)
NAUGHTY = Path(__file__).parents[2].parent / "shared" / "data" / "blns" / "blns.json"
"""The big list of naughty strings, where somebody put it beside the clone."""

_WRITTEN = re.compile(r"\x1b\[(?:[0-9;]*m|\d+;\d+H)")
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NUMBER_SIGNS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
"""Signs before Arabic and Syriac numbers, which are seen although Unicode calls them formats."""
_BAR = frozenset({"@mouse.down", "@mouse.up"})
"""What Textual's own scroll bars do."""
MARKS = 8


def naughty() -> list[str]:
    """The strings of that list that may stand in a record."""
    return [text for text in json.loads(NAUGHTY.read_text(encoding="utf-8")) if text and len(text) <= 200]


def faults(app) -> list[str]:
    """Say what of what stands on the terminal does not come from the dashboard itself."""
    compositor, width = app.screen._compositor, app.size.width
    found = []
    for y, strip in enumerate(compositor.render_strips()):
        if strip.cell_length != width:
            found.append(f"line {y} is {strip.cell_length} cells wide")
        for segment in strip:
            found += [f"line {y}: {each}" for each in _wrong(segment)]
    written = "".join(segment for segment in compositor.render_update(full=True).render_segments(app.console))
    left = _WRITTEN.sub("", written)
    found += [f"written: {character!r}" for character in left if character != "\n" and not shows(character)]
    return found + _columns(app)


def shows(character: str) -> bool:
    """Tell whether a character stands in a cell and does nothing else."""
    return character in _NUMBER_SIGNS or unicodedata.category(character) not in _CATEGORIES


def _wrong(segment) -> list[str]:
    text, style = segment.text, segment.style
    found = [f"{text!r} holds {character!r}" for character in text if not shows(character)]
    if segment.control:
        found.append(f"{text!r} is a control")
    if style is not None and (style.link or any(key.startswith("@") and key not in _BAR for key in style.meta)):
        found.append(f"{text!r} leads to {style.link} {style.meta}")
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks > MARKS:
            found.append(f"{text!r} covers what stands around it")
            break
    return found


def _alone(text) -> str:
    """Leave out the marks on a character: they take no cell, and may be those of the one before it."""
    return "".join(character for character in text if unicodedata.category(character) not in ("Mn", "Me"))


def _columns(app) -> list[str]:
    """Name the rows of the list in which something stands between two columns."""
    found = []
    strips = app.screen._compositor.render_strips()
    for table in app.screen.query("PagedTable"):
        if not table.display or not table.region:
            continue
        region, edges, x = table.region, [], table.region.x
        for column in table.ordered_columns:
            edges += [x, x + column.get_render_width(table) - 1]
            x += column.get_render_width(table)
        edges = [edge for edge in edges if edge < region.right - table.scrollbar_size_vertical]
        for y in range(region.y, min(region.bottom, region.y + 1 + table.row_count)):
            between = [_alone(strips[y].crop(edge, edge + 1).text) for edge in edges]
            if set(between) - {" "}:
                found.append(f"line {y}: {between} stands between the columns")
    return found
