"""Orders that are too old to be pushed are found and counted without a look at those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("CREATE INDEX push_aged ON pushes (id) WHERE instr(why, '[\"age\",false') > 0")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX push_aged")
