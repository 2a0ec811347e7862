"""The ledger: files, bank entries, open items, decisions, journal and letters.

Amounts are BIGINT minor units; text lists are joined by U+001F; times are UTC text.
No column that changes with every posting is indexed, so that PostgreSQL can
update rows in place. Decisions and entries name their payment without a foreign
key: the posting transaction has just read it, and a second look costs a tenth.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alloc.store.migrations.tables import (
    SERIAL,
    TEXT,
    bank_entry,
    bank_entry_index,
    big,
    dates,
    guard,
    line_ref,
    one_of,
    partial_index,
    ref,
    text,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    _files()
    _bank()
    _advices()
    _receivables()
    _decisions()
    _journal()
    _letters()
    _guards()


def _files() -> None:
    op.create_table(
        "import_file",
        sa.Column("import_id", SERIAL, primary_key=True, autoincrement=False),
        *text("name", "sha256", null=False),
        *big("size", null=False),
        *text("kind", "format", "profile", "imported_at", null=False),
        *big("read_count", "new_count", "known_count", "changed_count", null=False),
        *big("kept_count", "closed_count", "aside_count", null=False),
        sa.UniqueConstraint("sha256", "kind", "profile"),
    )
    op.create_table(
        "import_notice",
        ref("import_id", "import_file.import_id"),
        *big("notice_no", null=False),
        *text("code", "message", "subject_key", null=False),
        *big("line"),
        sa.PrimaryKeyConstraint("import_id", "notice_no"),
    )


def _bank() -> None:
    op.create_table(
        "statement",
        sa.Column("statement_id", SERIAL, primary_key=True, autoincrement=False),
        ref("import_id", "import_file.import_id"),
        *text("entity", "account", "message_type", "kind", null=False),
        *text("currency", "number"),
        *dates("opening_date"),
        *big("opening_minor"),
        *dates("closing_date"),
        *big("closing_minor"),
        *big("entry_count", null=False),
        *big("difference_minor"),
    )
    bank_entry("bank_entry", money="state = 'aside' or amount_minor > 0")
    bank_entry_index()
    op.create_table(
        "bank_reference",
        ref("payment_id", "bank_entry.payment_id"),
        *big("line_no", null=False),
        *text("reference", "kind"),
        *big("amount_minor", "deduction_minor"),
        *text("reason"),
        *dates("date"),
        sa.PrimaryKeyConstraint("payment_id", "line_no"),
        sqlite_with_rowid=False,
    )


def _advices() -> None:
    op.create_table(
        "advice",
        sa.Column("advice_id", TEXT, primary_key=True),
        ref("import_id", "import_file.import_id"),
        *text("entity", "customer_id", "payer_name", "payer_iban"),
        *text("payment_reference"),
        *dates("payment_date"),
        *text("currency"),
        *big("total_minor", "lines_minor"),
        *big("line_count", null=False),
        ref("payment_id", "bank_entry.payment_id", null=True),
    )
    op.create_index("advice_payment", "advice", ["payment_id"])
    op.create_table(
        "advice_line",
        ref("advice_id", "advice.advice_id"),
        *big("line_no", null=False),
        *text("reference"),
        *big("amount_minor", "deduction_minor"),
        *text("reason"),
        sa.PrimaryKeyConstraint("advice_id", "line_no"),
        sqlite_with_rowid=False,
    )


def _receivables() -> None:
    op.create_table(
        "customer",
        sa.Column("customer_id", TEXT, primary_key=True),
        *text("name", null=False),
        *text("known_ibans", "aliases", "customer_type", "parent_id"),
        *text("supplier_id", "siren", "vat_number"),
        *big("import_id", null=False),
    )
    op.create_table(
        "open_item",
        *text("entity", "item_id", null=False),
        *text("customer_id", "customer_name", "reference", "other_references"),
        *text("currency", null=False),
        *text("kind"),
        *text("account", null=False),
        *big("imported_minor", "open_minor", null=False),
        *big("original_minor"),
        *dates("issue_date", "due_date"),
        sa.Column("disputed", sa.Boolean, nullable=False),
        *text("payer_id"),
        *big("letter_group"),
        *text("source", null=False),
        *big("import_id"),
        *text("payment_id"),
        *big("seq", "line_no"),
        sa.PrimaryKeyConstraint("entity", "item_id"),
        one_of("source", "import", "on_account", "suspense", "adjustment"),
        sa.CheckConstraint("(source = 'import') = (seq is null)"),
        sa.CheckConstraint("source = 'suspense' or customer_id is not null"),
        postgresql_with={"fillfactor": 70},
    )
    partial_index("open_item_own", "open_item", "payment_id", "source <> 'import'")


def _decisions() -> None:
    op.create_table(
        "decision",
        sa.Column("decision_id", SERIAL, primary_key=True, autoincrement=False),
        *text("payment_id", "state", "status", "proof", null=False),
        *big("confidence_ppm", "explanations_count", null=False),
        *text("rule"),
        *text("reason", null=False),
        *text("customer_id"),
        *text("decided_at", "decided_by", null=False),
        *big("seq"),
        one_of("state", "proposed", "posted", "reversed", "refused"),
        sa.CheckConstraint("(state in ('posted', 'reversed')) = (seq is not null)"),
    )
    partial_index(
        "decision_proposed",
        "decision",
        "payment_id",
        "state = 'proposed'",
        unique=True,
    )
    op.create_table(
        "allocation",
        line_ref("decision_id", "decision.decision_id"),
        *big("rank", null=False),
        *text("entity", "item_id", null=False),
        *text("customer_id"),
        *big("allocated_minor", null=False),
        *text("evidence", null=False),
        sa.PrimaryKeyConstraint("decision_id", "rank", "entity", "item_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "adjustment",
        line_ref("decision_id", "decision.decision_id"),
        *big("rank", "line_no", null=False),
        *text("role", null=False),
        *big("amount_minor", null=False),
        *text("item_id"),
        *big("rate_ppm"),
        sa.PrimaryKeyConstraint("decision_id", "rank", "line_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refusal",
        ref("payment_id", "bank_entry.payment_id"),
        *text("item_set", "refused_at", "refused_by", "reason", null=False),
        *big("decision_id", null=False),
        sa.PrimaryKeyConstraint("payment_id", "item_set"),
        sqlite_with_rowid=False,
    )


def _journal() -> None:
    op.create_table(
        "journal_entry",
        sa.Column("seq", SERIAL, primary_key=True, autoincrement=False),
        *text("entity", "journal", null=False),
        *big("fiscal_year", "number", null=False),
        *text("kind", null=False),
        *dates("posting_date", "piece_date", null=False),
        *text("piece_ref", "label", "currency", null=False),
        *text("payment_id", null=False),
        *big("decision_id", "reverses_seq"),
        *text("posted_at", "posted_by", "previous_hash", "hash", null=False),
        sa.UniqueConstraint("entity", "journal", "fiscal_year", "number"),
        one_of("kind", "clearing", "suspense", "release", "reversal"),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_seq is not null)"),
    )
    partial_index(
        "journal_entry_reverses",
        "journal_entry",
        "reverses_seq",
        "reverses_seq is not null",
        unique=True,
    )
    partial_index(
        "journal_entry_reversal", "journal_entry", "payment_id", "kind = 'reversal'"
    )
    op.create_table(
        "posting",
        line_ref("seq", "journal_entry.seq"),
        *big("line_no", null=False),
        *text("account", null=False),
        *text("customer_id"),
        *text("label", null=False),
        *big("amount_minor", null=False),
        *text("currency", null=False),
        *text("item_id"),
        sa.PrimaryKeyConstraint("seq", "line_no"),
        sqlite_with_rowid=False,
    )


def _letters() -> None:
    op.create_table(
        "letter_group",
        sa.Column("letter_group", SERIAL, primary_key=True, autoincrement=False),
        *text("entity", "account", "customer_id", null=False),
        *big("fiscal_year", null=False),
        *text("kind", null=False),
        *big("code_no", null=False),
        *text("code", null=False),
        *big("balance_minor", null=False),
        *dates("lettered_on", "group_max_date", null=False),
        *text("state", null=False),
        *big("created_seq", null=False),
        *big("ended_seq"),
        sa.UniqueConstraint(
            "entity", "account", "customer_id", "fiscal_year", "kind", "code_no"
        ),
        one_of("kind", "full", "partial"),
        one_of("state", "live", "replaced", "dissolved"),
    )
    op.create_table(
        "letter_member",
        line_ref("letter_group", "letter_group.letter_group"),
        *big("member_no", null=False),
        *text("item_id"),
        *big("seq", "line_no"),
        sa.PrimaryKeyConstraint("letter_group", "member_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("letter_member_posting", "letter_member", ["seq", "line_no"])


def _guards() -> None:
    """Refuse to edit or delete what is posted: a reversal is a new entry."""
    for table in ("journal_entry", "posting"):
        guard(table, "posted entries are never edited")
    for table in ("allocation", "adjustment"):
        guard(
            table,
            "posted decisions are never edited",
            when="(select state from decision where decision_id = old.decision_id) "
            "in ('posted', 'reversed')",
        )
