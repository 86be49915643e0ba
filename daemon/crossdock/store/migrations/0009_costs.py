"""Costs: documents with their planned costs, the ledger's events and balances, edits that wait for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, Model, SmallIntegerField, TextField

if TYPE_CHECKING:
    from peewee import Database


class CostDocumentRow(Model):
    """An inbound document as far as its costs go; amounts are exact decimals as text."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    ref = TextField()
    number = TextField(default="")
    kind = TextField()
    warehouse = TextField()
    oms = TextField()
    revision = BigIntegerField()
    currency = TextField(null=True)
    plan_amount = TextField(null=True)
    plan_version = BigIntegerField(default=0)
    plan_sent = TextField(null=True)
    updated_at = BigIntegerField()

    class Meta:
        table_name = "cost_documents"
        indexes = ((("connection", "ref"), True),)


CostDocumentRow.add_index(CostDocumentRow.index(CostDocumentRow.number, name="cost_document_number"))


class CostLineRow(Model):
    """One line's plan: what the warehouse shows, and what was set here since (it rests on `edit_base`)."""

    document_id = BigIntegerField()
    line_no = BigIntegerField()
    sku = TextField()
    planned = TextField()
    shown_cost = TextField(null=True)
    edit_cost = TextField(null=True)
    edit_base = TextField(null=True)
    edited = SmallIntegerField(default=0)
    version = BigIntegerField(default=1)

    class Meta:
        table_name = "cost_lines"
        primary_key = False
        indexes = ((("document_id", "line_no"), True),)


class CostEventRow(Model):
    """One event of the ledger; rows are only added."""

    id = BigIntegerField(primary_key=True)
    oms = TextField()
    sku = TextField()
    key = TextField(unique=True)
    about = TextField()
    kind = TextField()
    effective_at = BigIntegerField()
    revision = BigIntegerField(default=0)
    document_revision = BigIntegerField(default=0)
    source = TextField()
    quantity = TextField()
    unit_cost = TextField(null=True)
    currency = TextField(null=True)
    at_average = SmallIntegerField(default=0)
    moved = SmallIntegerField(default=0)
    document_id = BigIntegerField(null=True)
    line_no = BigIntegerField(null=True)
    receipt_ref = TextField(null=True)
    actor = TextField(default="")
    reason = TextField(default="")
    recorded_at = BigIntegerField()

    class Meta:
        table_name = "cost_events"


CostEventRow.add_index(
    CostEventRow.index(
        CostEventRow.oms, CostEventRow.sku, CostEventRow.effective_at, CostEventRow.about, name="cost_event_sku"
    )
)
CostEventRow.add_index(CostEventRow.index(CostEventRow.oms, CostEventRow.sku, CostEventRow.id, name="cost_event_heard"))
CostEventRow.add_index(CostEventRow.index(CostEventRow.document_id, CostEventRow.id, name="cost_event_document"))
CostEventRow.add_index(CostEventRow.index(CostEventRow.about, name="cost_event_about"))


class CostStateRow(Model):
    """Where a SKU's ledger stands, what was sent of it, and what the OMS was seen to hold."""

    id = BigIntegerField(primary_key=True)
    oms = TextField()
    sku = TextField()
    quantity = TextField()
    average = TextField(null=True)
    currency = TextField(null=True)
    blocked = TextField(default="")
    blocked_by = TextField(default="")
    flags = TextField(default="")
    last_at = BigIntegerField(null=True)
    last_about = TextField(default="")
    since_checkpoint = BigIntegerField(default=0)
    version = BigIntegerField(default=0)
    wanted = TextField(null=True)
    sent = TextField(null=True)
    held = TextField(null=True)
    held_quantity = TextField(null=True)
    held_at = BigIntegerField(null=True)
    drift = SmallIntegerField(default=0)
    changed_at = BigIntegerField()
    check_at = BigIntegerField()

    class Meta:
        table_name = "cost_states"
        indexes = ((("oms", "sku"), True),)


CostStateRow.add_index(
    CostStateRow.index(CostStateRow.oms, CostStateRow.check_at, CostStateRow.sku, name="cost_state_check")
)


class CostCheckpointRow(Model):
    """Where a ledger stood behind one of its movements."""

    oms = TextField()
    sku = TextField()
    at = BigIntegerField()
    about = TextField()
    quantity = TextField()
    average = TextField(null=True)
    currency = TextField(null=True)
    blocked = TextField(default="")
    blocked_by = TextField(default="")
    flags = TextField(default="")

    class Meta:
        table_name = "cost_checkpoints"
        primary_key = False
        indexes = ((("oms", "sku", "at", "about"), True),)


KEPT = "BEGIN SELECT RAISE(ABORT, 'events of the cost ledger are only added'); END"

MODELS: tuple[type[Model], ...] = (
    CostDocumentRow,
    CostLineRow,
    CostEventRow,
    CostStateRow,
    CostCheckpointRow,
)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)
    db.execute_sql("CREATE TRIGGER cost_events_kept BEFORE DELETE ON cost_events " + KEPT)
    db.execute_sql("CREATE TRIGGER cost_events_unchanged BEFORE UPDATE ON cost_events " + KEPT)


def down(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
