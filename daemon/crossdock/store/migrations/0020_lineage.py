"""Which database this is and how far it had come, so that an older copy of it is known for one; what was asked since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql(
        "CREATE TABLE lineage (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, generation BIGINT NOT NULL, "
        "caution INTEGER, caution_since BIGINT, caution_before BIGINT)"
    )
    db.execute_sql("ALTER TABLE pushes ADD COLUMN vetted TEXT")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("ALTER TABLE pushes DROP COLUMN vetted")
    db.execute_sql("DROP TABLE lineage")
