"""Migrations: numbered scripts, each applied once, in a transaction, with its checksum kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from playhouse.migrations import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from peewee import Database

FOLDER = Path(__file__).parent / "migrations"
_TABLE = "migration_checksums"
_CREATE = "CREATE TABLE IF NOT EXISTS migration_checksums (name VARCHAR(255) PRIMARY KEY, sha256 VARCHAR(64) NOT NULL)"


def _pass(_name: str) -> None:
    """A fail point that nobody named."""


class SchemaProblem(Exception):
    """The database's schema is not one this version may work with; nothing was changed."""


class MigrationStatus(Struct, frozen=True):
    """One migration: applied or not; `known` False if the database has one that this version does not know.

    `changed`: it was applied in another form than this version has.
    """

    name: str
    applied: bool
    known: bool
    changed: bool = False


def status(database: Database, folder: Path = FOLDER) -> list[MigrationStatus]:
    """List all migrations, the database's and ours, in order."""
    stored = _checksums(database)
    return [
        MigrationStatus(m.name, bool(m.applied), m.path is not None, _is_changed(m, stored, folder))
        for m in Runner(database, str(folder)).status()
    ]


def _checksums(database: Database) -> dict[str, str]:
    """Return the checksums that are kept; the table of them may be missing, and asking does not make it."""
    if not database.table_exists(_TABLE):
        return {}
    return dict(database.execute_sql("SELECT name, sha256 FROM migration_checksums").fetchall())


def _is_changed(migration: Any, stored: dict[str, str], folder: Path) -> bool:
    known = migration.applied and migration.path is not None
    return bool(known and stored.get(migration.name) not in (None, checksum(folder, migration.name)))


def check(database: Database, folder: Path = FOLDER) -> list[MigrationStatus]:
    """Return what has still to be applied. Raises SchemaProblem for a newer schema or a script that was changed."""
    known = status(database, folder)
    if newer := [m.name for m in known if not m.known]:
        raise SchemaProblem(
            f"the database was migrated by a newer crossdock ({', '.join(newer)}); install that version, or restore a backup"
        )
    database.execute_sql(_CREATE)
    if changed := [m.name for m in known if m.changed]:
        raise SchemaProblem(
            f"migration {', '.join(changed)} was applied in another form than this version has; the installation is mixed "
            "up: install the version that the database was used with, or restore a backup"
        )
    return [migration for migration in known if not migration.applied]


def migrate(
    database: Database,
    folder: Path = FOLDER,
    before: Callable[[], None] | None = None,
    failpoint: Callable[[str], None] = _pass,
) -> list[str]:
    """Apply what is missing, one script a transaction, and return their names. `before` runs if anything is missing.

    The caller holds the database's lock (on SQLite the lock of the file). Raises SchemaProblem.
    """
    missing = check(database, folder)
    if not missing:
        return []
    if before is not None:
        before()
    for migration in missing:
        failpoint("migrate.begin")
        with database.atomic():  # script, history and checksum: a kill leaves all of it or nothing
            Runner(database, str(folder)).up(migration.name)
            database.execute_sql(
                "INSERT INTO migration_checksums (name, sha256) VALUES ("
                + database.param
                + ", "
                + database.param
                + ")",
                (migration.name, checksum(folder, migration.name)),
            )
            failpoint("migrate.before_commit")
        failpoint("migrate.after_commit")
    return [migration.name for migration in missing]


def checksum(folder: Path, name: str) -> str:
    """Return the SHA-256 of a script."""
    return hashlib.sha256((folder / f"{name}.py").read_bytes()).hexdigest()
