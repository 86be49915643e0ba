"""The store: units of work, each a whole transaction, run on one writer thread and a few reader threads."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from peewee import DatabaseError

from crossdock.store import sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from peewee import Database, ModelSelect

    from crossdock.env import Env

T = TypeVar("T")
P = ParamSpec("P")

_WRITES = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+[\"`]?(\w+)", re.IGNORECASE
)


class StoreError(Exception):
    """The database could not do a unit of work; nothing of it was kept."""


class StoreBusy(StoreError):
    """Another process held the lock for too long; the unit of work may be tried again."""


class StoreFull(StoreError):
    """There is no space left; nothing new is fetched or sent until there is."""


class StoreDamaged(StoreError):
    """The file is damaged, or no database; only a person can help."""


class Transaction:
    """One transaction: SQL with `?` for values, or peewee queries. Never leaves the function it is handed to."""

    def __init__(self, database: Database) -> None:
        self.written: set[str] = set()
        """The tables of which a row was written."""
        self._database = database
        self._connection = database.connection()
        self._native = database.param

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run one statement and return how many rows it touched."""
        return self._wrote(sql, int(self._connection.execute(self._text(sql), values).rowcount))

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Run one statement for every row and return how many rows were touched."""
        return self._wrote(sql, int(self._connection.executemany(self._text(sql), rows).rowcount))

    def _wrote(self, sql: str, rows: int) -> int:
        if rows > 0 and (table := written_table(sql)) is not None:
            self.written.add(table)
        return rows

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return all rows of a query as tuples. Bound it with LIMIT."""
        return list(self._connection.execute(self._text(sql), values).fetchall())

    def one(self, sql: str, values: Sequence[object] = ()) -> Any:
        """Return the first row as a tuple, or None."""
        return self._connection.execute(self._text(sql), values).fetchone()

    def select(self, query: ModelSelect) -> list[Any]:
        """Return all rows of a peewee query as tuples."""
        return list(query.bind(self._database).tuples())

    def _text(self, sql: str) -> str:
        return sql if self._native == "?" else sql.replace("?", self._native)


@lru_cache(maxsize=2048)
def written_table(sql: str) -> str | None:
    """Name the table that a statement writes; None if it writes none."""
    found = _WRITES.match(sql)
    return None if found is None else found[1].lower()


class Store:
    """Runs units of work. `inline` runs them in the caller's thread, for the simulation.

    `took` is told, from any thread, how long each unit of work took: ("read" or "write", seconds). `wrote`, where it is
    set, is told, from any thread, after each commit, the tables of which a row was written.
    """

    wrote: Callable[[frozenset[str]], None] | None = None

    def __init__(
        self,
        database: Database,
        env: Env,
        *,
        readers: int = 2,
        inline: bool = False,
        took: Callable[[str, float], None] | None = None,
    ) -> None:
        self.database = database
        self.busy_s = 0.0
        self.units = 0
        self.last_done = env.monotonic()
        self._env = env
        self._inline, self._took = inline, took
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(readers, "store-reader")

    async def write(self, unit: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `unit(tx, …)` in a write transaction; it is committed when this returns. Raises StoreError."""
        if self._inline:
            return self._run(sqlite.BEGIN_WRITE, unit, args, kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._run, sqlite.BEGIN_WRITE, unit, args, kwargs)

    async def read(self, unit: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `unit(tx, …)` on one consistent state of the database. Raises StoreError."""
        if self._inline:
            return self._run(sqlite.BEGIN_READ, unit, args, kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._run, sqlite.BEGIN_READ, unit, args, kwargs)

    def _run(self, begin: str, unit: Callable[..., T], args: Any, kwargs: Any) -> T:
        started = self._env.monotonic()
        try:
            return self._transact(begin, unit, args, kwargs)
        except (sqlite3.Error, DatabaseError) as error:
            raise explained(error, self.database.database) from error
        finally:
            ended = self.last_done = self._env.monotonic()
            self.busy_s += ended - started
            self.units += 1
            if self._took is not None:
                self._took("write" if begin == sqlite.BEGIN_WRITE else "read", ended - started)

    def _transact(self, begin: str, unit: Callable[..., T], args: Any, kwargs: Any) -> T:
        self.database.connect(reuse_if_open=True)
        connection = self.database.connection()
        self._env.failpoint("store.begin")
        connection.execute(begin)
        tx = Transaction(self.database)
        try:
            result = unit(tx, *args, **kwargs)
            self._env.failpoint("store.before_commit")
            connection.execute("COMMIT")
        except BaseException:
            sqlite.end_failed(connection)
            raise
        self._env.failpoint("store.after_commit")
        if tx.written and self.wrote is not None:
            self.wrote(frozenset(tx.written))
        return result

    async def shorten_log(self) -> None:
        """Write everything into the file itself and empty its log, so that no older copy of a page is left there.

        While somebody reads an older state nothing is shortened; the next call does it.
        """
        if self._inline:
            self._shorten()
            return
        await asyncio.get_running_loop().run_in_executor(self._writer, self._shorten)

    def _shorten(self) -> None:
        try:
            self.database.connect(reuse_if_open=True)
            self.database.connection().execute(sqlite.SHORTEN_LOG).fetchall()
        except (sqlite3.Error, DatabaseError) as error:
            raise explained(error, self.database.database) from error

    def close(self) -> None:
        """Finish what runs and close the database."""
        self._readers.submit(self.database.close).result()
        self._writer.submit(self.database.close).result()
        self._readers.shutdown()
        self._writer.shutdown()
        self.database.close()


def explained(error: Exception, path: object) -> StoreError:
    """Turn an error of the database at `path` into one that says what happens next."""
    if sqlite.is_full(error):
        return StoreFull(
            "the database's disk takes no more (it is full, or over a quota); crossdock stops fetching and sending until it does"
        )
    if sqlite.is_busy(error):
        return StoreBusy("the database was locked by another process for more than 5 seconds; crossdock tries again")
    if sqlite.is_damage(error):
        return StoreDamaged(
            f"{path} cannot be used as a database: {error}. The file is damaged, or something else; `crossdock db check` "
            "reads all of it. Stop the daemon, keep the file, and put a backup in its place"
        )
    return StoreError(f"the database {path} failed: {error}")
