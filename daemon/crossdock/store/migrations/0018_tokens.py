"""Tokens of the control API over TCP; and what may not be asked for again yet is found by its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import BigIntegerField, BlobField, Model, TextField

if TYPE_CHECKING:
    from peewee import Database


class TokenRow(Model):
    """A token: who it speaks for, with which roles, until when. Of the token itself only its SHA-256 is kept."""

    id = BigIntegerField(primary_key=True)
    name = TextField()
    user = TextField()
    roles = TextField()
    digest = BlobField()
    created_at = BigIntegerField()
    created_by = TextField()
    expires_at = BigIntegerField()
    last_used_at = BigIntegerField(null=True)
    revoked_at = BigIntegerField(null=True)
    revoked_by = TextField(default="")

    class Meta:
        table_name = "tokens"


MODELS: tuple[type[Model], ...] = (TokenRow,)


def up(_migrator: Any, db: Database) -> None:
    with db.bind_ctx(MODELS):
        db.create_tables(MODELS)
    db.execute_sql("CREATE INDEX throttle_at ON throttles (at, scope)")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX throttle_at")
    with db.bind_ctx(MODELS):
        db.drop_tables(MODELS)
