"""Stock levels and movements as observed and as sent; which warehouses send theirs; ids of webhooks that were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, IntegerField, Model, SmallIntegerField, TextField

if TYPE_CHECKING:
    from peewee import Database


class StockLevelRow(Model):
    """The newest level of one SKU in one warehouse of a WMS, and how far the OMS has been told."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    warehouse = TextField()
    sku = TextField()
    body = TextField()
    sequence = BigIntegerField()
    observed = BigIntegerField()
    confirmed_sequence = BigIntegerField(null=True)
    confirmed_observed = BigIntegerField(null=True)
    confirmed_at = BigIntegerField(null=True)
    code = TextField(default="")
    ours = TextField(default="")
    oms = TextField(default="")
    held = TextField(null=True)
    seen_at = BigIntegerField()

    class Meta:
        table_name = "stock_levels"
        indexes = ((("connection", "warehouse", "sku"), True),)


StockLevelRow.add_index(StockLevelRow.index(StockLevelRow.code, StockLevelRow.id, name="stock_level_code"))
StockLevelRow.add_index(StockLevelRow.index(StockLevelRow.sku, StockLevelRow.id, name="stock_level_sku"))
StockLevelRow.add_index(
    StockLevelRow.index(
        StockLevelRow.connection, StockLevelRow.id, where=StockLevelRow.held.is_null(False), name="stock_level_held"
    )
)


class StockMovementRow(Model):
    """One movement of a WMS: seen once, whatever its pages repeat."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    ref = TextField()
    body = TextField()
    held = TextField(null=True)
    confirmed_at = BigIntegerField(null=True)
    seen_at = BigIntegerField()

    class Meta:
        table_name = "stock_movements"
        indexes = ((("connection", "ref"), True),)


StockMovementRow.add_index(
    StockMovementRow.index(
        StockMovementRow.connection, StockMovementRow.id, where=StockMovementRow.held.is_null(False),
        name="stock_movement_held",
    )
)  # fmt: skip


class StockSwitchRow(Model):
    """Whether a warehouse's stock goes to an OMS, and to which ("" = the only one)."""

    warehouse = TextField(primary_key=True)
    on = SmallIntegerField()
    oms = TextField(default="")
    revision = IntegerField(default=1)

    class Meta:
        table_name = "stock_switches"


class WebhookIdRow(Model):
    """A webhook that was taken; another one with its id is a replay."""

    connection = TextField()
    event = TextField()
    at = BigIntegerField()

    class Meta:
        table_name = "webhook_ids"
        primary_key = False
        indexes = ((("connection", "event"), True),)


WebhookIdRow.add_index(WebhookIdRow.index(WebhookIdRow.at, name="webhook_id_at"))

MODELS: tuple[type[Model], ...] = (StockLevelRow, StockMovementRow, StockSwitchRow, WebhookIdRow)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)


def down(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
