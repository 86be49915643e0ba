"""Lists as CSV: every field quoted, no text that a spreadsheet would take for a formula, numbers that stay numbers."""

from __future__ import annotations

import csv
import functools
import io
import shlex
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""Text that begins like this is a formula to a spreadsheet (SECURITY S13, after OWASP's "CSV injection")."""
LONGEST = 32_000
"""Characters of a field, at most; a cell of a spreadsheet holds little more."""


def csv_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --csv and --raw: its parameters as_csv and raw."""
    as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print CSV (RFC 4180) instead of text.")
    raw = click.option(
        "--raw", is_flag=True, help="With --csv: leave text as it is, even what a spreadsheet would run."
    )

    @functools.wraps(command)
    def checked(*args: Any, **given: Any) -> Any:
        if given["as_csv"] and given.get("as_json"):
            raise click.UsageError("--csv and --json exclude each other")
        if given["raw"] and not given["as_csv"]:
            raise click.UsageError("--raw goes with --csv")
        return command(*args, **given)

    return as_csv(raw(checked))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], *, raw: bool = False) -> None:
    """Print rows under headings. Numbers, times and yes or no are written as such, everything else as text."""
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([field(value, raw=raw) for value in row] for row in rows)
    click.echo(lines.getvalue(), nl=False)


def field(value: object, *, raw: bool = False) -> str:
    """Write one value. Text of a stranger gets a ' in front where a spreadsheet would run it; a number never does."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case tuple() | list():
            return text("; ".join(str(each) for each in value), raw=raw)
        case _:
            return text(str(value), raw=raw)


def text(value: str, *, raw: bool = False) -> str:
    """Write text. `raw` leaves it as it is, except on a terminal, which it could steer."""
    if raw:
        return clean(value, LONGEST) if sys.stdout.isatty() else value
    shown = clean(value, LONGEST)
    return f"'{shown}" if value.lstrip(" ").startswith(DANGEROUS) else shown


def say_more(after: object) -> None:
    """Say on standard error that there is more, so that it does not stand among the rows."""
    if after is not None:
        click.echo(clean(f"more: --after {shlex.quote(str(after))}"), err=True)
