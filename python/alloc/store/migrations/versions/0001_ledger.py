"""The ledger: files, bank entries, open items, decisions, journal and letters.

Amounts are BIGINT minor units; text lists are joined by U+001F; times are UTC text.
No column that changes with every posting is indexed, so that PostgreSQL can
update rows in place. Decisions and entries name their payment without a foreign
key: the posting transaction has just read it, and a second look costs a tenth.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(*names: str, null: bool = True) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=null) for name in names]


def _big(*names: str, null: bool = True) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=null) for name in names]


def _dates(*names: str, null: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Date, nullable=null) for name in names]


def _ref(name: str, target: str, *, null: bool = False) -> sa.Column[object]:
    kind = sa.Text() if target.endswith(("payment_id", "advice_id")) else _SERIAL
    return sa.Column(name, kind, sa.ForeignKey(target), nullable=null)


def _one_of(column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} in ({listed})")


def _partial_index(
    name: str, table: str, column: str, where: str, *, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


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
        sa.Column("import_id", _SERIAL, primary_key=True, autoincrement=False),
        *_text("name", "sha256", null=False),
        *_big("size", null=False),
        *_text("kind", "format", "profile", "imported_at", null=False),
        *_big("read_count", "new_count", "known_count", "changed_count", null=False),
        *_big("kept_count", "closed_count", "aside_count", null=False),
        sa.UniqueConstraint("sha256", "kind", "profile"),
    )
    op.create_table(
        "import_notice",
        _ref("import_id", "import_file.import_id"),
        *_big("notice_no", null=False),
        *_text("code", "message", "subject_key", null=False),
        *_big("line"),
        sa.PrimaryKeyConstraint("import_id", "notice_no"),
    )


def _bank() -> None:
    op.create_table(
        "statement",
        sa.Column("statement_id", _SERIAL, primary_key=True, autoincrement=False),
        _ref("import_id", "import_file.import_id"),
        *_text("entity", "account", "message_type", "kind", null=False),
        *_text("currency", "number"),
        *_dates("opening_date"),
        *_big("opening_minor"),
        *_dates("closing_date"),
        *_big("closing_minor"),
        *_big("entry_count", null=False),
        *_big("difference_minor"),
    )
    op.create_table(
        "bank_entry",
        sa.Column("payment_id", sa.Text, primary_key=True),
        _ref("import_id", "import_file.import_id"),
        _ref("statement_id", "statement.statement_id", null=True),
        *_text("entity", "account", null=False),
        *_big("entry_index", "detail_index", "detail_count", null=False),
        *_dates("booking_date", "value_date", null=False),
        *_text("currency", null=False),
        *_big("amount_minor", "entry_amount_minor", null=False),
        *_text("status", null=False),
        sa.Column("reversal", sa.Boolean, nullable=False),
        *_text("bank_reference", "transaction_code", "end_to_end_id"),
        *_text("creditor_reference", "mandate_id", "counterparty_name"),
        *_text("counterparty_iban", "ultimate_name", "remittance_text"),
        *_big("charges_minor"),
        *_text("original_currency"),
        *_big("original_minor"),
        *_text("return_reason", "additional_info"),
        *_text("state", null=False),
        *_text("aside_reason"),
        _one_of("state", "new", "review", "posted", "suspense", "aside"),
        sa.CheckConstraint("(state = 'aside') = (aside_reason is not null)"),
        sa.CheckConstraint("state = 'aside' or amount_minor > 0"),
    )
    _partial_index(
        "bank_entry_open",
        "bank_entry",
        "booking_date",  # Entries of a day leave it together: few pages change.
        "state in ('new', 'review', 'suspense')",
    )
    op.create_table(
        "bank_reference",
        _ref("payment_id", "bank_entry.payment_id"),
        *_big("line_no", null=False),
        *_text("reference", "kind"),
        *_big("amount_minor", "deduction_minor"),
        *_text("reason"),
        *_dates("date"),
        sa.PrimaryKeyConstraint("payment_id", "line_no"),
        sqlite_with_rowid=False,
    )


def _advices() -> None:
    op.create_table(
        "advice",
        sa.Column("advice_id", sa.Text, primary_key=True),
        _ref("import_id", "import_file.import_id"),
        *_text("entity", "customer_id", "payer_name", "payer_iban"),
        *_text("payment_reference"),
        *_dates("payment_date"),
        *_text("currency"),
        *_big("total_minor", "lines_minor"),
        *_big("line_count", null=False),
        _ref("payment_id", "bank_entry.payment_id", null=True),
    )
    op.create_index("advice_payment", "advice", ["payment_id"])
    op.create_table(
        "advice_line",
        _ref("advice_id", "advice.advice_id"),
        *_big("line_no", null=False),
        *_text("reference"),
        *_big("amount_minor", "deduction_minor"),
        *_text("reason"),
        sa.PrimaryKeyConstraint("advice_id", "line_no"),
        sqlite_with_rowid=False,
    )


def _receivables() -> None:
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.Text, primary_key=True),
        *_text("name", null=False),
        *_text("known_ibans", "aliases", "customer_type", "parent_id"),
        *_text("supplier_id", "siren", "vat_number"),
        *_big("import_id", null=False),
    )
    op.create_table(
        "open_item",
        *_text("entity", "item_id", null=False),
        *_text("customer_id", "customer_name", "reference", "other_references"),
        *_text("currency", null=False),
        *_text("kind"),
        *_text("account", null=False),
        *_big("imported_minor", "open_minor", null=False),
        *_big("original_minor"),
        *_dates("issue_date", "due_date"),
        sa.Column("disputed", sa.Boolean, nullable=False),
        *_text("payer_id"),
        *_big("letter_group"),
        *_text("source", null=False),
        *_big("import_id"),
        *_text("payment_id"),
        *_big("seq", "line_no"),
        sa.PrimaryKeyConstraint("entity", "item_id"),
        _one_of("source", "import", "on_account", "suspense", "adjustment"),
        sa.CheckConstraint("(source = 'import') = (seq is null)"),
        sa.CheckConstraint("source = 'suspense' or customer_id is not null"),
        postgresql_with={"fillfactor": 70},
    )
    _partial_index("open_item_own", "open_item", "payment_id", "source <> 'import'")


def _decisions() -> None:
    op.create_table(
        "decision",
        sa.Column("decision_id", _SERIAL, primary_key=True, autoincrement=False),
        *_text("payment_id", "state", "status", "proof", null=False),
        *_big("confidence_ppm", "explanations_count", null=False),
        *_text("rule"),
        *_text("reason", null=False),
        *_text("customer_id"),
        *_text("decided_at", "decided_by", null=False),
        *_big("seq"),
        _one_of("state", "proposed", "posted", "reversed", "refused"),
        sa.CheckConstraint("(state in ('posted', 'reversed')) = (seq is not null)"),
    )
    _partial_index(
        "decision_proposed",
        "decision",
        "payment_id",
        "state = 'proposed'",
        unique=True,
    )
    op.create_table(
        "allocation",
        _ref("decision_id", "decision.decision_id"),
        *_big("rank", null=False),
        *_text("entity", "item_id", null=False),
        *_text("customer_id"),
        *_big("allocated_minor", null=False),
        *_text("evidence", null=False),
        sa.PrimaryKeyConstraint("decision_id", "rank", "entity", "item_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "adjustment",
        _ref("decision_id", "decision.decision_id"),
        *_big("rank", "line_no", null=False),
        *_text("role", null=False),
        *_big("amount_minor", null=False),
        *_text("item_id"),
        *_big("rate_ppm"),
        sa.PrimaryKeyConstraint("decision_id", "rank", "line_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refusal",
        _ref("payment_id", "bank_entry.payment_id"),
        *_text("item_set", "refused_at", "refused_by", "reason", null=False),
        *_big("decision_id", null=False),
        sa.PrimaryKeyConstraint("payment_id", "item_set"),
        sqlite_with_rowid=False,
    )


def _journal() -> None:
    op.create_table(
        "journal_entry",
        sa.Column("seq", _SERIAL, primary_key=True, autoincrement=False),
        *_text("entity", "journal", null=False),
        *_big("fiscal_year", "number", null=False),
        *_text("kind", null=False),
        *_dates("posting_date", "piece_date", null=False),
        *_text("piece_ref", "label", "currency", null=False),
        *_text("payment_id", null=False),
        *_big("decision_id", "reverses_seq"),
        *_text("posted_at", "posted_by", "previous_hash", "hash", null=False),
        sa.UniqueConstraint("entity", "journal", "fiscal_year", "number"),
        _one_of("kind", "clearing", "suspense", "release", "reversal"),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_seq is not null)"),
    )
    _partial_index(
        "journal_entry_reverses",
        "journal_entry",
        "reverses_seq",
        "reverses_seq is not null",
        unique=True,
    )
    _partial_index(
        "journal_entry_reversal", "journal_entry", "payment_id", "kind = 'reversal'"
    )
    op.create_table(
        "posting",
        _ref("seq", "journal_entry.seq"),
        *_big("line_no", null=False),
        *_text("account", null=False),
        *_text("customer_id"),
        *_text("label", null=False),
        *_big("amount_minor", null=False),
        *_text("currency", null=False),
        *_text("item_id"),
        sa.PrimaryKeyConstraint("seq", "line_no"),
        sqlite_with_rowid=False,
    )


def _letters() -> None:
    op.create_table(
        "letter_group",
        sa.Column("letter_group", _SERIAL, primary_key=True, autoincrement=False),
        *_text("entity", "account", "customer_id", null=False),
        *_big("fiscal_year", null=False),
        *_text("kind", null=False),
        *_big("code_no", null=False),
        *_text("code", null=False),
        *_big("balance_minor", null=False),
        *_dates("lettered_on", "group_max_date", null=False),
        *_text("state", null=False),
        *_big("created_seq", null=False),
        *_big("ended_seq"),
        sa.UniqueConstraint(
            "entity", "account", "customer_id", "fiscal_year", "kind", "code_no"
        ),
        _one_of("kind", "full", "partial"),
        _one_of("state", "live", "replaced", "dissolved"),
    )
    op.create_table(
        "letter_member",
        _ref("letter_group", "letter_group.letter_group"),
        *_big("member_no", null=False),
        *_text("item_id"),
        *_big("seq", "line_no"),
        sa.PrimaryKeyConstraint("letter_group", "member_no"),
        sqlite_with_rowid=False,
    )
    op.create_index("letter_member_posting", "letter_member", ["seq", "line_no"])


def _guards() -> None:
    """Refuse to edit or delete what is posted: a reversal is a new entry."""
    for table in ("journal_entry", "posting"):
        for event in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{event} before {event} on {table} "
                "begin select raise(abort, 'posted entries are never edited'); end"
            )
    for table in ("allocation", "adjustment"):
        for event in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{event} before {event} on {table} "
                "when (select state from decision where decision_id = old.decision_id) "
                "in ('posted', 'reversed') "
                "begin select raise(abort, 'posted decisions are never edited'); end"
            )
