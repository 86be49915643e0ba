"""Operations: everything that is written to a remote system beside the creation of outbound documents; incidents; audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import SQL, BigIntegerField, BlobField, IntegerField, Model, SmallIntegerField, TextField

if TYPE_CHECKING:
    from peewee import Database


class OperationRow(Model):
    """One write: its key, its very bytes, how often it was sent, how it ended."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    kind = TextField()
    subject = TextField()
    entity_id = BigIntegerField()
    order_id = BigIntegerField(null=True)
    revision = BigIntegerField()
    key = TextField(unique=True)
    body = BlobField()
    state = SmallIntegerField()
    unsettled = SmallIntegerField(null=True, default=1)
    attempts = IntegerField(default=0)
    faults = IntegerField(default=0)
    first_fault_at = BigIntegerField(null=True)
    next_at = BigIntegerField(null=True)
    run_id = BigIntegerField(null=True)
    actor = TextField(default="")
    remote_id = TextField(null=True)
    error_kind = TextField(null=True)
    error_code = TextField(null=True)
    error_text = TextField(null=True)
    queued_at = BigIntegerField()
    sent_at = BigIntegerField(null=True)
    settled_at = BigIntegerField(null=True)

    class Meta:
        table_name = "operations"


OperationRow.add_index(
    OperationRow.index(
        OperationRow.connection, OperationRow.next_at, where=OperationRow.next_at.is_null(False), name="operation_due"
    )
)
OperationRow.add_index(
    OperationRow.index(
        OperationRow.connection, OperationRow.subject, OperationRow.id, where=OperationRow.unsettled.is_null(False),
        name="operation_open",
    )
)  # fmt: skip
OperationRow.add_index(
    OperationRow.index(
        OperationRow.connection, OperationRow.run_id, where=OperationRow.run_id.is_null(False), name="operation_run"
    )
)
OperationRow.add_index(OperationRow.index(OperationRow.kind, OperationRow.entity_id, name="operation_entity"))
OperationRow.add_index(OperationRow.index(OperationRow.id, where=OperationRow.state == 4, name="operation_failed"))
OperationRow.add_index(
    OperationRow.index(OperationRow.id, where=OperationRow.unsettled.is_null(False), name="operation_unsettled")
)


class IncidentRow(Model):
    """One cause, however many orders or documents it holds."""

    id = BigIntegerField(primary_key=True)
    fingerprint = TextField(unique=True)
    cause = TextField()
    connection = TextField(default="")
    operation = TextField(default="")
    code = TextField(default="")
    missing = TextField(default="")
    text = TextField()
    opened_at = BigIntegerField()
    last_at = BigIntegerField()
    healed_at = BigIntegerField(null=True)
    owner = TextField(default="")
    muted_until = BigIntegerField(null=True)

    class Meta:
        table_name = "incidents"


IncidentRow.add_index(
    IncidentRow.index(IncidentRow.last_at, where=IncidentRow.healed_at.is_null(True), name="incident_open")
)


class IncidentRefRow(Model):
    """One order or document that an incident holds."""

    incident_id = BigIntegerField()
    subject = TextField()
    at = BigIntegerField()
    text = TextField(default="")

    class Meta:
        table_name = "incident_refs"
        primary_key = False
        indexes = ((("incident_id", "subject"), True),)


IncidentRefRow.add_index(IncidentRefRow.index(IncidentRefRow.subject, name="incident_subject"))


class AuditRow(Model):
    """Who did what; each row holds the hash of the one before it."""

    id = BigIntegerField(primary_key=True)
    at = BigIntegerField()
    actor = TextField()
    uid = BigIntegerField(null=True)
    roles = TextField(default="")
    action = TextField()
    object = TextField()
    before = TextField(default="")
    after = TextField(default="")
    reason = TextField(default="")
    result = TextField()
    previous = TextField()
    hash = TextField(constraints=[SQL("UNIQUE")])

    class Meta:
        table_name = "audit"


MODELS: tuple[type[Model], ...] = (OperationRow, IncidentRow, IncidentRefRow, AuditRow)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)


def down(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
