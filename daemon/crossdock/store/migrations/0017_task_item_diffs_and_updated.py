"""What a task found different about an order; and orders whose warehouse took a change, found without reading the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("ALTER TABLE task_items ADD COLUMN diff TEXT NOT NULL DEFAULT ''")
    db.execute_sql(
        "CREATE INDEX push_updated ON pushes (id) WHERE updated_at IS NOT NULL AND acknowledged_at IS NULL "
        "AND (stage IS NULL OR stage < 2)"
    )


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX push_updated")
    db.execute_sql("ALTER TABLE task_items DROP COLUMN diff")
