"""Documents of warehouses on their way back to the OMS, and what happened to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, BlobField, IntegerField, Model, SmallIntegerField, TextField

if TYPE_CHECKING:
    from peewee import Database


class DocumentRow(Model):
    """One document: all that was seen of it, and how its newest revision stands on its way to the OMS."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    list_name = TextField()
    ref = TextField()
    number = TextField(default="")
    warehouse = TextField()
    order_ref = TextField(null=True)
    order_id = BigIntegerField(null=True)
    state = TextField()
    revision = BigIntegerField()
    content_hash = BigIntegerField()
    payload = BlobField()
    push_status = SmallIntegerField()
    pushed_revision = BigIntegerField(null=True)
    generation = IntegerField(default=0)
    oms = TextField(null=True)
    held = TextField(null=True)
    again_at = BigIntegerField(null=True)
    decided = BigIntegerField(default=0)
    error_kind = TextField(null=True)
    error_code = TextField(null=True)
    error_text = TextField(null=True)
    updated_at = BigIntegerField()
    first_at = BigIntegerField()
    changed_at = BigIntegerField()
    pushed_at = BigIntegerField(null=True)

    class Meta:
        table_name = "documents"


_D = DocumentRow
_D.add_index(_D.index(_D.ref, _D.connection, _D.list_name, unique=True, name="document_ref"))
_D.add_index(_D.index(_D.number, name="document_number"))
_D.add_index(_D.index(_D.order_ref, where=_D.order_ref.is_null(False), name="document_order_ref"))
_D.add_index(_D.index(_D.order_id, where=_D.order_id.is_null(False), name="document_order"))
_D.add_index(_D.index(_D.list_name, _D.id, name="document_list"))
_D.add_index(_D.index(_D.list_name, _D.push_status, _D.id, name="document_list_status"))
_D.add_index(_D.index(_D.list_name, _D.warehouse, _D.id, name="document_list_warehouse"))
_D.add_index(_D.index(_D.push_status, _D.id, name="document_status"))
_D.add_index(_D.index(_D.warehouse, _D.id, name="document_warehouse"))
_D.add_index(_D.index(_D.decided, where=_D.held.is_null(False), name="document_held"))
_D.add_index(_D.index(_D.again_at, where=_D.again_at.is_null(False), name="document_again"))


class DocumentHistoryRow(Model):
    """One thing that happened to a document."""

    id = BigIntegerField(primary_key=True)
    document_id = BigIntegerField()
    at = BigIntegerField()
    revision = BigIntegerField()
    what = TextField()
    actor = TextField(default="")
    text = TextField(default="")

    class Meta:
        table_name = "document_history"


DocumentHistoryRow.add_index(
    DocumentHistoryRow.index(DocumentHistoryRow.document_id, DocumentHistoryRow.id, name="document_history_of")
)

MODELS: tuple[type[Model], ...] = (DocumentRow, DocumentHistoryRow)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)


def down(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
