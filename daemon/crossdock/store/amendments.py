"""What happened to pushed documents after their push: what the warehouse was told, what was decided, what people chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.mutability import Choice, Decided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.store.store import Transaction


class Amendment(Struct, kw_only=True, gc=False):
    """A row. `base` is what the warehouse confirmed last (None: what was pushed), `base_revision` its revision.

    `number` counts updates and holds, `cancel_number` cancellations: each gets a key of its own. `pending`: something
    changed while an update was on its way, so that the order is looked at again when that is settled. `held`: the
    warehouse was asked to keep it waiting. `cancel_by` and `cancel_reason` are set while a person wants it cancelled.
    """

    push_id: int
    base: bytes | None = None
    base_revision: int = 0
    number: int = 0
    decided: str = ""
    choices: str = ""
    pending: bool = False
    held: bool = False
    cancel_number: int = 0
    cancel_by: str = ""
    cancel_reason: str = ""

    def decisions(self) -> tuple[Decided, ...]:
        """Return what was decided last about each difference."""
        return _read_decided(self.decided) if self.decided else ()

    def chosen(self) -> dict[str, Choice]:
        """Return what was settled about values, by path."""
        return _read_choices(self.choices) if self.choices else {}


_read_decided = msgspec.json.Decoder(tuple[Decided, ...]).decode
_read_choices = msgspec.json.Decoder(dict[str, Choice]).decode
FIELDS = Amendment.__struct_fields__
COLUMNS = ", ".join(FIELDS)
_SAVE = (
    "INSERT INTO amendments (" + COLUMNS + ") VALUES (" + ",".join("?" * len(FIELDS)) + ") ON CONFLICT (push_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in FIELDS if name != "push_id")
)  # fmt: skip


def load(tx: Transaction, push_id: int) -> Amendment:
    """Return the row of a push, or a new one that is not stored yet."""
    row = tx.one("SELECT " + COLUMNS + " FROM amendments WHERE push_id = ?", (push_id,))
    return Amendment(push_id=push_id) if row is None else _amendment(row)


def of_pushes(tx: Transaction, ids: Sequence[int]) -> dict[int, Amendment]:
    """Return the rows that there are of these pushes. At most 1,000 ids."""
    if not ids:
        return {}
    sql = "SELECT " + COLUMNS + " FROM amendments WHERE push_id IN (" + ",".join("?" * len(ids)) + ")"
    return {row[0]: _amendment(row) for row in tx.rows(sql, tuple(ids))}


def save(tx: Transaction, amendment: Amendment) -> None:
    """Store a row."""
    tx.execute(_SAVE, tuple(getattr(amendment, name) for name in FIELDS))


def remove(tx: Transaction, push_id: int) -> None:
    """Forget what happened to a document: its push begins afresh under another key."""
    tx.execute("DELETE FROM amendments WHERE push_id = ?", (push_id,))


def as_json(value: object) -> str:
    """Keep decisions or choices as JSON; nothing for none."""
    return msgspec.json.encode(value).decode() if value else ""


def _amendment(row: tuple[object, ...]) -> Amendment:
    return Amendment(**dict(zip(FIELDS, row, strict=True)))  # type: ignore[arg-type]  # columns in the order of the fields
