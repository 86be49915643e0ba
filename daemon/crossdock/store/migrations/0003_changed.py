"""What people look for: orders that are not any more what their warehouse was sent, found without reading the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("CREATE INDEX push_changed ON pushes (id) WHERE changed = TRUE")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX push_changed")
