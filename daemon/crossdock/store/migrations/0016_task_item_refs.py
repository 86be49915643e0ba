"""What tasks said about an order is found by its name, so that it can be removed with the order's personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("CREATE INDEX task_item_ref ON task_items (ref) WHERE detail <> ''")
    db.execute_sql("CREATE INDEX approval_object ON approvals (object)")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX approval_object")
    db.execute_sql("DROP INDEX task_item_ref")
