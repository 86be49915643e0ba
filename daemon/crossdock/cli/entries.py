"""What the commands for strategies, warehouses, allocation rules and mappings share: edit what was read, or a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from crossdock.cli.display import say
from crossdock.cli.numbers import Whole
from crossdock.cli.session import FAILED, fail
from crossdock.control.client import Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

T = TypeVar("T", bound=msgspec.Struct)

from_json_option = click.option(
    "--from-json", metavar="FILE", help="Take the whole entry from this JSON file, - for standard input."
)
revision_option = click.option("--revision", type=Whole(1), help="Only if it still is at this revision.")


async def found_or_none(ask: Awaitable[T]) -> T | None:
    """Return what the daemon has, or None if it has no such entry."""
    try:
        return await ask
    except Refusal as refusal:
        if refusal.code == "not_found":
            return None
        raise


def edited(kind: type[T], found: T | None, names: Mapping[str, object], options: Mapping[str, object]) -> T:
    """Apply the options that were given to the entry that was read, or make a new one of them.

    Raises click.UsageError for a new one that lacks something.
    """
    given = {name: value for name, value in options.items() if value is not None}
    plain: dict[str, Any] = {} if found is None else msgspec.to_builtins(found)
    return fitting(kind, {**plain, **names, **given})


def from_file(kind: type[T], path: str, names: Mapping[str, object], revision: int) -> T:
    """Read an entry from a JSON file. Without a revision of its own it replaces the one that was read."""
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        plain = msgspec.json.decode(raw, type=dict[str, Any])
    except OSError as error:
        fail(FAILED, f"{path} cannot be read: {error.strerror or error}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fail(FAILED, f"{path} holds no JSON object: {error}")
    return fitting(kind, {"revision": revision, **plain, **names})


def fitting(kind: type[T], plain: Mapping[str, object]) -> T:
    """Make the record. Raises click.UsageError that names what does not fit."""
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"that makes no {kind.__name__.lower()}: {error}") from None


def listed(values: tuple[str, ...], *, everything: bool, what: str) -> dict[str, object]:
    """Turn a repeated option and its --any-… into a condition: values, None for any, or nothing if neither was given."""
    if values and everything:
        raise click.UsageError(f"name {what}, or say --any-{what}: one of the two")
    if everything:
        return {what: None}
    return {what: list(values)} if values else {}


def say_warnings(warnings: Sequence[str]) -> None:
    """Say what is odd about an entry that was saved."""
    for text in warnings:
        say(f"  ! {text}")


async def every_page(ask: Callable[[str | None], Awaitable[Any]]) -> list[Any]:
    """Read all pages of a list that people wrote by hand."""
    found: list[Any] = []
    after: str | None = None
    while True:
        page = await ask(after)
        found += page.items
        if page.next is None:
            return found
        after = page.next
