"""The database file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_table, size
from crossdock.cli.session import FAILED, Session, fail, json_option
from crossdock.config.paths import database_path
from crossdock.control import database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

IN_USE = 75


@click.group()
def db() -> None:
    """The database file. These commands need no daemon."""


def _work(session: Session, do: Callable[[Path], T], as_json: bool) -> T:
    try:
        return do(database_path(session.load_config()))
    except database.InUse as error:
        fail(IN_USE, str(error), as_json=as_json, kind="in_use")
    except (database.DatabaseProblem, OSError) as error:
        fail(FAILED, str(error), as_json=as_json)


@db.command()
@json_option
@click.pass_obj
def migrate(session: Session, as_json: bool) -> None:
    """Bring the schema up to date; `crossdock run` does this too.

    Exit code 75 while a daemon uses the file.
    """
    applied = _work(session, database.migrate, as_json)
    if as_json:
        print_json({"applied": applied})
    else:
        say(f"applied: {', '.join(applied)}" if applied else "the schema is up to date")


@db.command()
@json_option
@click.pass_obj
def status(session: Session, as_json: bool) -> None:
    """Show the steps of the schema."""
    found = _work(session, database.status, as_json)
    if as_json:
        print_json(found)
        return
    say(f"{found.path}, {size(found.bytes)}")
    rows = [(step.name, step.applied, step.note) for step in found.migrations]
    show_table(("migration", "applied", "note"), rows, "no migrations")


@db.command()
@json_option
@click.pass_obj
def check(session: Session, as_json: bool) -> None:
    """Read the whole file and look whether it is sound."""
    found = _work(session, database.check, as_json)
    if as_json:
        print_json(found)
    else:
        say(f"{found.path}: {'sound' if not found.problems else 'NOT sound'}")
        for problem in found.problems:
            say(f"  ! {problem}")
    if found.problems:
        raise click.exceptions.Exit(FAILED)
