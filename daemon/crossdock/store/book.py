"""Strategies, warehouses, allocation rules and mappings: saved with a revision, read as one Book."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from crossdock.rules.book import AllocationRule, Book, Mapping, PushStrategy, Warehouse, make_book
from crossdock.rules.master_policy import MasterPolicy
from crossdock.store import counters

if TYPE_CHECKING:
    from crossdock.rules.mutability import Abilities
    from crossdock.store.store import Transaction

Entry = PushStrategy | Warehouse | AllocationRule | Mapping | MasterPolicy
E = TypeVar("E", PushStrategy, Warehouse, AllocationRule, Mapping, MasterPolicy)
KINDS: dict[type[Entry], str] = {
    PushStrategy: "strategy",
    Warehouse: "warehouse",
    AllocationRule: "allocation",
    Mapping: "mapping",
    MasterPolicy: "master",
}


class ChangedMeanwhile(Exception):
    """Somebody else saved this entry after it was read; nothing was saved."""


def name_of(entry: Entry) -> str:
    """Return what names an entry among those of its kind."""
    match entry:
        case PushStrategy():
            return entry.name
        case Warehouse():
            return entry.code
        case AllocationRule():
            return f"{entry.position:07d}"
        case Mapping():
            return f"{entry.warehouse}\x1f{entry.kind.value}\x1f{entry.ours}"
        case MasterPolicy():
            return entry.warehouse


def entries(tx: Transaction, kind: type[E], after: str = "", limit: int = 1_000_000) -> list[E]:
    """Return the entries of a kind by name."""
    sql = "SELECT body, revision FROM book WHERE kind = ? AND name > ? ORDER BY name LIMIT ?"
    decode = msgspec.json.Decoder(kind).decode
    return [
        msgspec.structs.replace(decode(body), revision=revision)
        for body, revision in tx.rows(sql, (KINDS[kind], after, limit))
    ]


def save(tx: Transaction, entry: E) -> E:
    """Save an entry and return it with its new revision.

    `entry.revision` is the one that was read (0: it must be new). Raises ChangedMeanwhile.
    """
    kind, name = KINDS[type(entry)], name_of(entry)
    row = tx.one("SELECT revision FROM book WHERE kind = ? AND name = ?", (kind, name))
    stored = 0 if row is None else int(row[0])
    if stored != entry.revision:
        shown = name.replace("\x1f", " ")
        raise ChangedMeanwhile(
            f"{kind} '{shown}' is at revision {stored}, you changed revision {entry.revision}; read it again"
        )
    saved = msgspec.structs.replace(entry, revision=stored + 1)
    tx.execute(
        "INSERT INTO book (kind, name, body, revision) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body, revision = excluded.revision",
        (kind, name, msgspec.json.encode(saved).decode(), saved.revision),
    )
    counters.take(tx, "book")
    return saved


def remove(tx: Transaction, kind: type[Entry], name: str) -> bool:
    """Remove an entry by name; False if there was none."""
    removed = tx.execute("DELETE FROM book WHERE kind = ? AND name = ?", (KINDS[kind], name)) == 1
    if removed:
        counters.take(tx, "book")
    return removed


def load(tx: Transaction, window_days: int) -> Book:
    """Read everything."""
    return make_book(
        counters.current(tx, "book"),
        window_days,
        entries(tx, PushStrategy),
        entries(tx, Warehouse),
        entries(tx, AllocationRule),
        entries(tx, Mapping),
        entries(tx, MasterPolicy),
    )


class BookCache:
    """The book as it was read last; read again when its revision moved. Used by units of work only.

    `abilities` are what connections' warehouses can do, kept by the engine; every book shows them as they are now.
    """

    def __init__(self, window_days: int) -> None:
        self.window_days = window_days
        self.abilities: dict[str, Abilities] = {}
        self._book: Book | None = None

    def current(self, tx: Transaction) -> Book:
        """Return the book as this transaction sees it."""
        book = self._book
        if book is None or book.revision != counters.current(tx, "book") or book.window_days != self.window_days:
            book = self._book = msgspec.structs.replace(load(tx, self.window_days), abilities=self.abilities)
        return book


def stored(tx: Transaction, kind: type[Entry], name: str) -> tuple[int, Entry] | None:
    """Return an entry by name with the revision at which it stands, or None."""
    row = tx.one("SELECT revision, body FROM book WHERE kind = ? AND name = ?", (KINDS[kind], name))
    return None if row is None else (int(row[0]), msgspec.json.decode(row[1], type=kind))
