"""Everything that is true of SQLite only: pragmas, the lock of the file, what its errors mean."""

from __future__ import annotations

import fcntl
import sqlite3
from typing import IO, TYPE_CHECKING

from peewee import DatabaseError, SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

BEGIN_WRITE = "BEGIN IMMEDIATE"
"""A deferred transaction that turns into a write fails at once when another one writes, whatever busy_timeout says."""

BEGIN_READ = "BEGIN"

FAILURES = (sqlite3.Error, DatabaseError)
"""What a file that is no database, or a damaged one, raises."""


class FileInUse(Exception):
    """Another daemon holds this database file."""


def connect(path: str) -> SqliteDatabase:
    """Make the database object: write-ahead log, FULL durability, five seconds of patience for a lock."""
    return SqliteDatabase(
        path,
        pragmas={
            "page_size": 8192,
            "journal_mode": "wal",
            "synchronous": "full",
            "busy_timeout": 5000,
            "foreign_keys": 0,
            "cache_size": -16_384,
            "wal_autocheckpoint": 4000,
            "temp_store": "memory",
        },
        isolation_level=None,
        check_same_thread=False,
    )


def lock_file(path: Path) -> IO[bytes]:
    """Hold the file's lock as long as the returned handle is open. Raises FileInUse.

    The operating system drops the lock when the process dies, however it dies.
    """
    handle = (path.parent / (path.name + ".lock")).open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise FileInUse(
            f"another crossdock daemon uses {path}; stop it first, or give this one its own state_dir"
        ) from None
    return handle


def is_full(error: Exception) -> bool:
    """Tell whether the disk is full."""
    return isinstance(error, sqlite3.OperationalError) and "full" in str(error)


def is_busy(error: Exception) -> bool:
    """Tell whether somebody else held the lock too long."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def damage(database: SqliteDatabase) -> list[str]:
    """Read the whole file and return what is damaged in it, at most 100 sentences; empty if it is sound."""
    found = [str(row[0]) for row in database.execute_sql("PRAGMA integrity_check(100)").fetchall()]
    return [] if found == ["ok"] else found
