"""Everything that is true of SQLite only: pragmas, the lock of the file, what its errors mean."""

from __future__ import annotations

import fcntl
import sqlite3
from typing import IO, TYPE_CHECKING

from peewee import DatabaseError, OperationalError, SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

BEGIN_WRITE = "BEGIN IMMEDIATE"
"""A deferred transaction that turns into a write fails at once when another one writes, whatever busy_timeout says."""

BEGIN_READ = "BEGIN"

SHORTEN_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"
"""Copies the write-ahead log into the file and cuts it to nothing."""

FAILURES = (sqlite3.Error, DatabaseError)
"""What a file that is no database, or a damaged one, raises."""

_UNWRITABLE = frozenset({
    sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE,
})  # fmt: skip


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
            "secure_delete": "on",
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
    """Tell whether the disk takes no more: it is full, or over a quota or a limit of the process.

    SQLite calls only the first of these "full"; the others are "disk I/O error", as is a disk that fails to write.
    """
    cause = error.__context__ if isinstance(error, DatabaseError) else error  # peewee puts its own in front
    return _says(error, "full") or getattr(cause, "sqlite_errorcode", None) in _UNWRITABLE


def is_busy(error: Exception) -> bool:
    """Tell whether somebody else held the lock too long."""
    return _says(error, "locked")


def is_damage(error: Exception) -> bool:
    """Tell whether the file is damaged, or no database at all."""
    cause = error.__context__ if isinstance(error, DatabaseError) else error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # the rest says which kind of damage it is
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _says(error: Exception, word: str) -> bool:
    return isinstance(error, (sqlite3.OperationalError, OperationalError)) and word in str(error)


def end_failed(connection: sqlite3.Connection) -> None:
    """Roll back what a failed unit of work left; SQLite does so by itself where the disk is full or fails."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def damage(database: SqliteDatabase) -> list[str]:
    """Read the whole file and return what is damaged in it, at most 100 sentences; empty if it is sound."""
    found = [str(row[0]) for row in database.execute_sql("PRAGMA integrity_check(100)").fetchall()]
    return [] if found == ["ok"] else found
