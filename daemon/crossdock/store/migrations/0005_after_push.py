"""After the push: how far the warehouse is, what it was told since, what was decided about changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, BlobField, BooleanField, IntegerField, Model, TextField

if TYPE_CHECKING:
    from peewee import Database

COLUMNS = (
    ("stage", "SMALLINT"),
    ("shipped", "SMALLINT NOT NULL DEFAULT 0"),
    ("updated_revision", "INTEGER"),
    ("updated_at", "BIGINT"),
    ("acknowledged_at", "BIGINT"),
    ("report_as", "TEXT"),
)
"""Of a push: `stage` NULL where the warehouse has not told; `report_as` NULL where the state says what is reported."""


class AmendmentRow(Model):
    """What happened to a pushed document after its push; a push to which nothing happened has no row.

    `base` is what the warehouse was last told and confirmed, NULL while that is what was pushed.
    """

    push_id = BigIntegerField(primary_key=True)
    base = BlobField(null=True)
    base_revision = IntegerField(default=0)
    number = IntegerField(default=0)
    decided = TextField(default="")
    choices = TextField(default="")
    pending = BooleanField(default=False)
    held = BooleanField(default=False)
    cancel_number = IntegerField(default=0)
    cancel_by = TextField(default="")
    cancel_reason = TextField(default="")

    class Meta:
        table_name = "amendments"


def up(_migrator: Any, db: Database) -> None:
    for name, kind in COLUMNS:
        db.execute_sql("ALTER TABLE pushes ADD COLUMN " + name + " " + kind)
    with db.bind_ctx([AmendmentRow]):
        db.create_tables([AmendmentRow])
    db.execute_sql("CREATE INDEX push_followed ON pushes (state, id) WHERE state >= 8")
    db.execute_sql("CREATE INDEX push_stage ON pushes (stage, id) WHERE stage IS NOT NULL")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX push_stage")
    db.execute_sql("DROP INDEX push_followed")
    with db.bind_ctx([AmendmentRow]):
        db.drop_tables([AmendmentRow])
    for name, _ in reversed(COLUMNS):
        db.execute_sql("ALTER TABLE pushes DROP COLUMN " + name)
