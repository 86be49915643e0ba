"""The audit cannot be changed or shortened unseen; approvals by a second person; personal data that is removed in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, BlobField, Model, SmallIntegerField, TextField

if TYPE_CHECKING:
    from peewee import Database


class SealRow(Model):
    """One row: where the chain of the audit begins (what is before was removed by age) and where it ends."""

    id = SmallIntegerField(primary_key=True)
    pruned_to = BigIntegerField()
    pruned_hash = TextField()
    last_id = BigIntegerField()
    last_hash = TextField()

    class Meta:
        table_name = "audit_seal"


class ApprovalRow(Model):
    """Something that one person proposed and another has to approve."""

    id = BigIntegerField(primary_key=True)
    action = TextField()
    needs = TextField()
    object = TextField()
    text = TextField()
    body = BlobField()
    state = SmallIntegerField()
    proposed_by = TextField()
    proposed_uid = BigIntegerField()
    proposed_at = BigIntegerField()
    expires_at = BigIntegerField()
    decided_by = TextField(default="")
    decided_uid = BigIntegerField(null=True)
    decided_at = BigIntegerField(null=True)
    outcome = TextField(default="")

    class Meta:
        table_name = "approvals"


ApprovalRow.add_index(ApprovalRow.index(ApprovalRow.state, ApprovalRow.id, name="approval_state"))

MODELS: tuple[type[Model], ...] = (SealRow, ApprovalRow)
_FIRST = "0" * 64

_NO_UPDATE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN "
    "SELECT RAISE(ABORT, 'rows of the audit are never changed'); END"
)
_NO_DELETE = (
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit "
    "WHEN OLD.id > COALESCE((SELECT pruned_to FROM audit_seal WHERE id = 1), 0) BEGIN "
    "SELECT RAISE(ABORT, 'rows of the audit are never removed before their time'); END"
)
_NO_REPLACE = (
    "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
    "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id OR hash = NEW.hash) BEGIN "
    "SELECT RAISE(ABORT, 'rows of the audit are never replaced'); END"
)
_TO_ERASE = (
    "CREATE INDEX order_personal ON orders (personal, fetched_at) WHERE personal > 0 "
    "AND status IN ('shipping', 'delivered', 'cancelled', 'returned')"
)
STATEMENTS = (
    "ALTER TABLE audit ADD COLUMN request TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX audit_actor ON audit (actor, id)",
    "CREATE INDEX audit_action ON audit (action, id)",
    "CREATE INDEX audit_object ON audit (object, id)",
    "CREATE INDEX audit_at ON audit (at)",
    "CREATE INDEX audit_request ON audit (request) WHERE request <> ''",
    _NO_UPDATE,
    _NO_DELETE,
    _NO_REPLACE,
    # what is stored of an order's personal data: 2 everything, 1 all but the bytes that were sent, 0 nothing
    "ALTER TABLE orders ADD COLUMN personal SMALLINT NOT NULL DEFAULT 2",
    _TO_ERASE,
    "CREATE INDEX operation_order ON operations (order_id) WHERE order_id IS NOT NULL",
    "CREATE INDEX quarantine_age ON quarantine (last_at) WHERE content <> x''",
)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)
    for statement in STATEMENTS:
        db.execute_sql(statement)
    db.execute_sql(
        "INSERT INTO audit_seal (id, pruned_to, pruned_hash, last_id, last_hash) SELECT 1, 0, '" + _FIRST + "', "
        "COALESCE(MAX(id), 0), COALESCE((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), '" + _FIRST + "') FROM audit"
    )


def down(_migrator: Any, db: Database) -> None:
    for name in ("audit_no_update", "audit_no_delete", "audit_no_replace"):
        db.execute_sql("DROP TRIGGER " + name)
    for name in ("audit_actor", "audit_action", "audit_object", "audit_at", "audit_request", "order_personal",
                 "operation_order", "quarantine_age"):  # fmt: skip
        db.execute_sql("DROP INDEX " + name)
    db.execute_sql("ALTER TABLE orders DROP COLUMN personal")
    db.execute_sql("ALTER TABLE audit DROP COLUMN request")
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
