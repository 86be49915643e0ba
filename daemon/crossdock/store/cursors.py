"""How far each connection's listing has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from crossdock.store.store import Transaction


class Cursor(Struct, frozen=True, kw_only=True):
    """A listing's progress. `watermark` is what was surely covered; the rest describes a listing that is under way.

    Change stamps are RFC 3339 text, kept exactly as they were computed. `highest` is the newest stamp seen in the
    listing under way; it becomes the watermark after its last page.
    """

    connection: str
    stream: str = "orders"
    watermark: str | None = None
    since: str | None = None
    until: str | None = None
    page: str | None = None
    highest: str | None = None
    started_at: int | None = None
    finished_at: int | None = None


_COLUMNS = "connection, stream, watermark, since, until, page, highest, started_at, finished_at"
_SAVE = (
    "INSERT INTO cursors (connection, stream, watermark, since, until, page, highest, started_at, finished_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connection, stream) DO UPDATE SET watermark = excluded.watermark, "
    "since = excluded.since, until = excluded.until, page = excluded.page, highest = excluded.highest, "
    "started_at = excluded.started_at, finished_at = excluded.finished_at"
)


def load(tx: Transaction, connection: str, stream: str = "orders") -> Cursor:
    """Return a listing's progress; an empty one if it never ran."""
    row = tx.one("SELECT " + _COLUMNS + " FROM cursors WHERE connection = ? AND stream = ?", (connection, stream))
    if row is None:
        return Cursor(connection=connection, stream=stream)
    return Cursor(**dict(zip(Cursor.__struct_fields__, row, strict=True)))


def load_all(tx: Transaction, stream: str = "orders") -> list[Cursor]:
    """Return the progress of every connection's listing."""
    rows = tx.rows("SELECT " + _COLUMNS + " FROM cursors WHERE stream = ?", (stream,))
    return [Cursor(**dict(zip(Cursor.__struct_fields__, row, strict=True))) for row in rows]


def save(tx: Transaction, cursor: Cursor) -> None:
    """Write progress down; call it in the transaction that stores the rows it covers."""
    tx.execute(_SAVE, tuple(getattr(cursor, name) for name in Cursor.__struct_fields__))
