"""What lists and look-ups by people need: an order's number, and cancelled pushes counted without reading the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("CREATE INDEX order_number ON orders (number)")
    db.execute_sql("CREATE INDEX push_cancelled ON pushes (id) WHERE state = 7")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX push_cancelled")
    db.execute_sql("DROP INDEX order_number")
