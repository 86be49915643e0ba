"""How every list is printed: a table for people, JSON, or CSV; said by the same options everywhere."""

from __future__ import annotations

import functools
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock.cli.csv_output import csv_options, print_csv, say_more
from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.session import json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Form:
    """How a list is to be printed."""

    as_json: bool
    as_csv: bool
    raw: bool


def list_forms(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --json, --csv and --raw: its parameter `form`."""

    @functools.wraps(command)
    def formed(*args: Any, as_json: bool, as_csv: bool, raw: bool, **given: Any) -> Any:
        return command(*args, form=Form(as_json, as_csv, raw), **given)

    return csv_options(json_option(formed))


def show_list(
    form: Form, whole: Any, columns: Sequence[str], rows: Sequence[Sequence[object]], none: str, after: object = None
) -> None:
    """Print a list: `whole` is its JSON, `none` what is said of an empty table, `after` where it goes on."""
    if form.as_json:
        print_json(whole)
        return
    if form.as_csv:
        print_csv(columns, rows, raw=form.raw)
        say_more(after)
        return
    show_table(columns, rows, none)
    if after is not None:
        say(f"more: --after {shlex.quote(str(after))}")
