"""Who decided what, on which evidence: kept for good, chained; and first approvals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alloc.store.migrations.tables import SERIAL, TEXT, big, guard, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keep a record of each decision that is never edited, and who approved first."""
    op.create_table(
        "audit_record",
        sa.Column("audit_no", SERIAL, primary_key=True, autoincrement=False),
        *text("action", "entity", "payment_id", null=False),
        *big("decision_id", "seq"),
        *text("document", "previous_hash", "hash", null=False),
    )
    guard("audit_record", "audit records are never edited")
    op.create_table(
        "approval",
        sa.Column("payment_id", TEXT, primary_key=True),
        *text("choice_sha256", "approved_by", "approved_at", null=False),
    )
