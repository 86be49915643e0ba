"""Shipping labels: one row an order, one a version, and the bytes apart from both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, BlobField, BooleanField, IntegerField, Model, SmallIntegerField, TextField

if TYPE_CHECKING:
    from peewee import Database


class LabelRow(Model):
    """The label of an order: where it stands, and when something is due for it."""

    id = BigIntegerField(primary_key=True)
    order_id = BigIntegerField(unique=True)
    oms = TextField()
    state = SmallIntegerField()
    version = IntegerField(default=0)
    parcel_exists = BooleanField(default=False)
    stage = TextField(null=True)
    look = BooleanField(default=False)
    attempts = IntegerField(default=0)
    asked_at = BigIntegerField(null=True)
    next_at = BigIntegerField(null=True)
    error_code = TextField(null=True)
    error_text = TextField(null=True)

    class Meta:
        table_name = "labels"


LabelRow.add_index(
    LabelRow.index(LabelRow.oms, LabelRow.next_at, where=LabelRow.next_at.is_null(False), name="label_due")
)
LabelRow.add_index(LabelRow.index(LabelRow.state, LabelRow.id, name="label_state"))


class LabelVersionRow(Model):
    """One version: what it was made of, whether it was printed and delivered. It is never deleted."""

    label_id = BigIntegerField()
    version = IntegerField()
    state = SmallIntegerField()
    content_type = TextField()
    content_hash = TextField()
    size = BigIntegerField()
    based_on = TextField()
    tracking_number = TextField(null=True)
    fetched_at = BigIntegerField()
    printed_at = BigIntegerField(null=True)
    printed_count = IntegerField(default=0)
    delivered_at = BigIntegerField(null=True)
    delivered_key = TextField(null=True)

    class Meta:
        table_name = "label_versions"
        primary_key = False
        indexes = ((("label_id", "version"), True),)


class LabelBytesRow(Model):
    """The bytes of a version; those of one that was voided may be dropped."""

    label_id = BigIntegerField()
    version = IntegerField()
    content = BlobField()

    class Meta:
        table_name = "label_bytes"
        primary_key = False
        indexes = ((("label_id", "version"), True),)


MODELS: tuple[type[Model], ...] = (LabelRow, LabelVersionRow, LabelBytesRow)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)


def down(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
