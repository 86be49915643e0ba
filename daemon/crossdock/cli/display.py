"""The one place where text reaches the terminal: every string is cleaned, nothing is markup."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CELL = 200
"""Characters of a cell of a table on a terminal, at most."""
WHOLE = 8_000
"""Characters of a cell that is shown whole, and of every cell in a pipe: what reads it wants all."""
_PIPE_WIDTH = 10_000
_UNSAFE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON text may hold and a terminal should not get; inside JSON the escaped form means the same."""


def say(text: str, limit: int = 2000) -> None:
    """Print a line of text, cleaned."""
    click.echo(clean(text, limit))


def print_json(value: object) -> None:
    """Print a record or plain data as JSON, with everything escaped that could steer a terminal."""
    import msgspec  # noqa: PLC0415 - not needed for help

    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8")
    click.echo(_UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "nothing", *, limit: int = CELL
) -> None:
    """Print rows under headings; what is not text is said by `cell`. Without rows, `empty` is printed.

    `limit` is how much of a cell a terminal is shown.
    """
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - not needed for help
    from rich.console import Console  # noqa: PLC0415 - not needed for help
    from rich.table import Table  # noqa: PLC0415 - not needed for help
    from rich.text import Text  # noqa: PLC0415 - not needed for help

    limit = limit if sys.stdout.isatty() else WHOLE
    cells = [[Text(cell(value, limit)) for value in row] for row in rows]
    if not cells:
        say(empty)
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in cells:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False).print(table)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line; values that say nothing are left out."""
    for name, value in facts:
        if value not in (None, "", (), [], {}):
            say(f"{name + ':':<18} {cell(value, 2000)}")


def cell(value: object, limit: int = CELL) -> str:
    """Say a value for people."""
    match value:
        case None | "":
            text = "–"
        case bool():
            text = "yes" if value else "no"
        case datetime():
            text = when(value)
        case tuple() | list():
            text = ", ".join(str(each) for each in value) or "–"
        case _:
            text = str(value)
    return clean(text, limit)


def when(moment: datetime) -> str:
    """Say a time: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def size(count: int) -> str:
    """Say a number of bytes."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def span(seconds: float) -> str:
    """Say how long something took, or is ago."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
