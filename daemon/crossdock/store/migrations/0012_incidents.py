"""Incidents: the warehouse that they are about, their list without the healed ones; what is held by now becomes part of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("ALTER TABLE incidents ADD COLUMN warehouse TEXT NOT NULL DEFAULT ''")
    db.execute_sql("CREATE INDEX incident_open_list ON incidents (id) WHERE healed_at IS NULL")
    db.execute_sql("CREATE INDEX incident_healed_list ON incidents (id) WHERE healed_at IS NOT NULL")
    # what is held, failed or in doubt is looked at again once, which makes it part of the incidents
    db.execute_sql("UPDATE pushes SET again_at = 0 WHERE unsettled = 1 AND state IN (0, 1, 4, 5)")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX incident_healed_list")
    db.execute_sql("DROP INDEX incident_open_list")
    db.execute_sql("ALTER TABLE incidents DROP COLUMN warehouse")
