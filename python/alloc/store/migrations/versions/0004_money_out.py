"""Money that goes out may be posted: a bank's fee, a direct debit."""

from __future__ import annotations

from alembic import op

from alloc.store.migrations.tables import bank_entry, bank_entry_index, is_sqlite

revision = "0004"
down_revision = "0003"

_MONEY = "state in ('aside', 'posted') or amount_minor > 0"


def upgrade() -> None:
    """Let posted bank entries be debits; SQLite changes a check by a new table."""
    if is_sqlite():
        bank_entry("bank_entry_next", money=_MONEY)
        op.execute("insert into bank_entry_next select * from bank_entry")
        op.execute("drop table bank_entry")
        op.execute("alter table bank_entry_next rename to bank_entry")
        bank_entry_index()
    else:
        # The second check of several columns: PostgreSQL numbers their names.
        op.execute("alter table bank_entry drop constraint bank_entry_check1")
        op.execute(f"alter table bank_entry add check ({_MONEY})")
