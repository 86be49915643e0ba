"""Lists that people look through: conflicts of a field, ledgers that differ, documents of a connection, stock that is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peewee import Database


def up(_migrator: Any, db: Database) -> None:
    db.execute_sql("CREATE INDEX conflict_field ON product_conflicts (warehouse, field, open, id)")
    db.execute_sql("CREATE INDEX conflict_field_all ON product_conflicts (warehouse, field, id)")
    db.execute_sql("CREATE INDEX cost_document_connection ON cost_documents (connection, id)")
    db.execute_sql("CREATE INDEX cost_state_sku ON cost_states (sku, id)")
    db.execute_sql("CREATE INDEX cost_state_settle ON cost_states (id) WHERE (drift = 1 OR blocked <> '')")
    db.execute_sql("CREATE INDEX stock_level_any_held ON stock_levels (id) WHERE held IS NOT NULL")


def down(_migrator: Any, db: Database) -> None:
    db.execute_sql("DROP INDEX stock_level_any_held")
    db.execute_sql("DROP INDEX cost_state_settle")
    db.execute_sql("DROP INDEX cost_state_sku")
    db.execute_sql("DROP INDEX cost_document_connection")
    db.execute_sql("DROP INDEX conflict_field_all")
    db.execute_sql("DROP INDEX conflict_field")
