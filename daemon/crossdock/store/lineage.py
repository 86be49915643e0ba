"""Which database this is, how far it has come, and since when it may know less than the warehouses hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules import lineage
from crossdock.rules.lineage import Caution, Mark, Origin
from crossdock.store import counters
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.store.store import Transaction


def begin(tx: Transaction, beside: Mark | None, new_identity: str, now: datetime) -> tuple[Origin, Mark]:
    """Judge the database by the mark beside it, at a start; return what was found and the mark to be kept from now on.

    What it has to be careful about is written down in the same transaction, so that a start that is cut short forgets
    nothing.
    """
    stored = _mark(tx)
    found = lineage.origin(stored, beside, used=counters.current(tx, "starts") > 0)
    identity = new_identity if stored is None else stored.identity
    same = beside is not None and beside.identity == identity
    reached = max(stored.generation if stored else 0, beside.generation if beside and same else 0)
    mark = Mark(identity, reached + 1)
    tx.execute(
        "INSERT INTO lineage (id, identity, generation) VALUES (1, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET generation = excluded.generation",
        (mark.identity, mark.generation),
    )
    careful = lineage.caution(found, counters.take(tx, "cautions"), now) if found is not Origin.SAME else None
    if careful is not None:
        sql = "UPDATE lineage SET caution = ?, caution_since = ?, caution_before = ?"
        tx.execute(sql, (careful.number, to_ms(careful.since), to_ms(careful.before)))
    return found, mark


def advance(tx: Transaction) -> Mark | None:
    """Count on, and return the mark to be kept beside the database; None before the first start."""
    tx.execute("UPDATE lineage SET generation = generation + 1")
    return _mark(tx)


def caution(tx: Transaction) -> Caution | None:
    """Return which orders may have been sent without the database knowing; None: none."""
    row = tx.one("SELECT caution, caution_since, caution_before FROM lineage WHERE caution IS NOT NULL")
    return None if row is None else Caution(number=int(row[0]), since=from_ms(row[1]), before=from_ms(row[2]))


def _mark(tx: Transaction) -> Mark | None:
    row = tx.one("SELECT identity, generation FROM lineage")
    return None if row is None else Mark(row[0], int(row[1]))
