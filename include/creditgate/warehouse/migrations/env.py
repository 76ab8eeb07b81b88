"""Runs the migrations on the connection that `creditgate.warehouse.migrate` hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table="schema_version",
    version_table_schema="reference",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
