"""Alembic's entry point: SQL text only, no connection; the caller has a transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    dialect_name=context.config.attributes["dialect"],
    transactional_ddl=False,
    literal_binds=True,
)
context.run_migrations()
