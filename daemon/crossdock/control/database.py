"""The database file from outside a running daemon: its schema brought up to date, shown, checked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.ops.process import make_folder, masked
from crossdock.store import migrate as migrations
from crossdock.store import sqlite
from crossdock.store.store import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from peewee import SqliteDatabase


class DatabaseProblem(Exception):
    """The database cannot be worked with; the message says why and what to do."""


class InUse(DatabaseProblem):
    """A daemon runs on the file."""


class Migration(Struct, frozen=True):
    """One step of the schema: applied or not; `known` False if a newer crossdock made it.

    `changed`: it was applied in another form than this version has. With either, `crossdock run` refuses the file; `note`
    says so.
    """

    name: str
    applied: bool
    known: bool
    changed: bool
    note: str


class FileStatus(Struct, frozen=True, kw_only=True):
    """A database file: its size and the steps of its schema."""

    path: str
    bytes: int
    migrations: tuple[Migration, ...]


class FileCheck(Struct, frozen=True, kw_only=True):
    """What a check found; no problems means that the file is sound and its schema the one this version needs."""

    path: str
    problems: tuple[str, ...]


def migrate(path: Path) -> list[str]:
    """Bring the schema up to date, making the file if there is none; return what was applied.

    Raises InUse while a daemon runs on the file, DatabaseProblem for a schema it may not work with.
    """
    make_folder(path.parent)
    with masked(0o077):  # as the daemon makes them: the file and its log hold names and addresses
        try:
            lock = sqlite.lock_file(path)
        except sqlite.FileInUse as error:
            raise InUse(str(error)) from error
        with lock, opened(path) as database:
            return migrations.migrate(database)


def status(path: Path) -> FileStatus:
    """Show the steps of the schema; a daemon may be running. Raises DatabaseProblem."""
    with opened(existing(path)) as database:
        steps = tuple(
            Migration(each.name, each.applied, each.known, each.changed, _note(each))
            for each in migrations.status(database)
        )
    return FileStatus(path=str(path), bytes=path.stat().st_size, migrations=steps)


def _note(step: migrations.MigrationStatus) -> str:
    if not step.known:
        return "made by a newer crossdock; `crossdock run` refuses it"
    return "applied in another form than this version has; `crossdock run` refuses it" if step.changed else ""


def check(path: Path) -> FileCheck:
    """Read the whole file and look whether it is sound; a daemon may be running. Raises DatabaseProblem."""
    with opened(existing(path)) as database:
        problems = list(sqlite.damage(database))
        try:
            missing = migrations.check(database)
        except migrations.SchemaProblem as problem:
            problems.append(str(problem))
        else:
            problems += [f"migration {each.name} is missing; run `crossdock db migrate`" for each in missing]
    return FileCheck(path=str(path), problems=tuple(problems))


def existing(path: Path) -> Path:
    """Return the path if there is a file. Raises DatabaseProblem."""
    if not path.is_file():
        raise DatabaseProblem(f"there is no database at {path}; `crossdock run` or `crossdock db migrate` makes it")
    return path


@contextmanager
def opened(path: Path) -> Iterator[SqliteDatabase]:
    """Open a database file; whatever cannot be done with it becomes a DatabaseProblem."""
    database = sqlite.connect(str(path))
    try:
        database.connect()
        yield database
    except migrations.SchemaProblem as problem:
        raise DatabaseProblem(str(problem)) from problem
    except sqlite.FAILURES as error:
        text = (
            str(explained(error, path)) if sqlite.is_damage(error) else f"{path} cannot be used as a database: {error}"
        )
        raise DatabaseProblem(text) from error
    finally:
        database.close()
