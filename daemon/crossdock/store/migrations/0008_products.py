"""Master data: products as each system shows them, what was agreed on, conflicts, and plans of first contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

if TYPE_CHECKING:
    from peewee import Database


class SeenRow(Model):
    """A product as a system showed it last."""

    connection = TextField()
    sku = TextField()
    folded = TextField()
    body = BlobField()
    digest = TextField()
    origin = TextField(default="")
    written = TextField(default="")
    before = TextField(default="")
    deleted = SmallIntegerField(default=0)
    seen_at = BigIntegerField()

    class Meta:
        table_name = "product_seen"
        primary_key = CompositeKey("connection", "sku")


SeenRow.add_index(SeenRow.index(SeenRow.connection, SeenRow.folded, SeenRow.sku, name="product_twins"))


class BindingRow(Model):
    """A product of a warehouse: what both sides agreed on last, and what is still to be looked at."""

    id = AutoField()
    warehouse = TextField()
    sku = TextField()
    state = TextField()
    base = BlobField()
    decisions = BlobField()
    dirty = BigIntegerField(null=True)
    approved = SmallIntegerField(default=0)
    pending = SmallIntegerField(null=True)
    looked = SmallIntegerField(default=0)
    revision = BigIntegerField(default=0)
    agreed = BigIntegerField(default=0)
    changed_at = BigIntegerField()

    class Meta:
        table_name = "product_bindings"
        indexes = ((("warehouse", "sku"), True),)


BindingRow.add_index(BindingRow.index(BindingRow.sku, name="binding_sku"))
BindingRow.add_index(BindingRow.index(BindingRow.warehouse, BindingRow.state, BindingRow.sku, name="binding_state"))
BindingRow.add_index(
    BindingRow.index(BindingRow.warehouse, BindingRow.sku, where=BindingRow.dirty.is_null(False), name="binding_dirty")
)
BindingRow.add_index(
    BindingRow.index(BindingRow.warehouse, BindingRow.sku, where=BindingRow.pending.is_null(False), name="binding_plan")
)


class ConflictRow(Model):
    """A field that both sides changed, with all three values, and how it was decided."""

    id = BigIntegerField(primary_key=True)
    warehouse = TextField()
    sku = TextField()
    field = TextField()
    agreed = BigIntegerField()
    base = BlobField()
    oms = BlobField()
    wms = BlobField()
    opened_at = BigIntegerField()
    open = SmallIntegerField(null=True)
    why = TextField()
    taken = TextField(default="")
    value = BlobField(null=True)
    actor = TextField(default="")
    reason = TextField(default="")
    resolved_at = BigIntegerField(null=True)

    class Meta:
        table_name = "product_conflicts"


ConflictRow.add_index(
    ConflictRow.index(
        ConflictRow.warehouse, ConflictRow.sku, ConflictRow.field, unique=True, where=ConflictRow.open.is_null(False),
        name="conflict_open",
    )
)  # fmt: skip
ConflictRow.add_index(ConflictRow.index(ConflictRow.warehouse, ConflictRow.sku, ConflictRow.open, name="conflict_sku"))
ConflictRow.add_index(ConflictRow.index(ConflictRow.warehouse, ConflictRow.open, ConflictRow.id, name="conflict_page"))
ConflictRow.add_index(ConflictRow.index(ConflictRow.warehouse, ConflictRow.id, name="conflict_all"))


class PlanRow(Model):
    """A first contact as it was shown."""

    id = BigIntegerField(primary_key=True)
    warehouse = TextField()
    state = TextField()
    made_at = BigIntegerField()
    actor = TextField()
    policy = BigIntegerField()
    products = IntegerField(default=0)
    adopted = IntegerField(default=0)
    filled = IntegerField(default=0)
    conflicted = IntegerField(default=0)
    applied_at = BigIntegerField(null=True)

    class Meta:
        table_name = "product_plans"


PlanRow.add_index(PlanRow.index(PlanRow.warehouse, PlanRow.id, name="plan_warehouse"))


class PlanItemRow(Model):
    """What a plan does about one product."""

    plan_id = BigIntegerField()
    sku = TextField()
    token = TextField()
    body = BlobField()
    applied = SmallIntegerField(default=0)

    class Meta:
        table_name = "product_plan_items"
        primary_key = CompositeKey("plan_id", "sku")


class BrakeRow(Model):
    """A warehouse whose changes wait for a person."""

    warehouse = TextField(primary_key=True)
    engaged_at = BigIntegerField()
    changes = IntegerField()
    bound = IntegerField()

    class Meta:
        table_name = "product_brakes"


MODELS: tuple[type[Model], ...] = (SeenRow, BindingRow, ConflictRow, PlanRow, PlanItemRow, BrakeRow)


REFUSED = "CREATE INDEX operation_refused ON operations (connection, subject) WHERE state = 4"
"""A write that was refused is found by what it was about when a newer one takes its place."""


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)
    db.execute_sql(REFUSED)


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX operation_refused")
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
