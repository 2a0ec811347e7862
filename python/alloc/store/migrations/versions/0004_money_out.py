"""Money that goes out may be posted: a bank's fee, a direct debit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_OLD = "state = 'aside' or amount_minor > 0"
_NEW = "state in ('aside', 'posted') or amount_minor > 0"


def upgrade() -> None:
    """Let posted bank entries be debits; SQLite changes a check by a new table."""
    bind = op.get_bind()
    rows = bind.execute(
        sa.text("select type, sql from sqlite_master where tbl_name = 'bank_entry'")
    ).all()
    (table,) = (sql for kind, sql in rows if kind == "table")
    indexes = [sql for kind, sql in rows if kind == "index" and sql]
    made = table.replace("bank_entry", "bank_entry_next", 1).replace(_OLD, _NEW)
    for statement in (
        made,
        "insert into bank_entry_next select * from bank_entry",
        "drop table bank_entry",
        "alter table bank_entry_next rename to bank_entry",
        *indexes,
    ):
        op.execute(sa.text(statement.replace(":", "\\:")))
