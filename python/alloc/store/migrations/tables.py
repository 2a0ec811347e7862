"""What the migrations build tables of, for SQLite and PostgreSQL alike.

Text is compared by its bytes in both: the order of rows depends on no locale.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def is_sqlite() -> bool:
    """Tell which of the two databases the migration is for."""
    return op.get_context().dialect.name == "sqlite"


def text(*names: str, null: bool = True) -> list[sa.Column[str]]:
    """Return text columns."""
    return [sa.Column(name, TEXT, nullable=null) for name in names]


def big(*names: str, null: bool = True) -> list[sa.Column[int]]:
    """Return columns of 64-bit integers."""
    return [sa.Column(name, sa.BigInteger, nullable=null) for name in names]


def dates(*names: str, null: bool = True) -> list[sa.Column[object]]:
    """Return columns of dates."""
    return [sa.Column(name, sa.Date, nullable=null) for name in names]


def ref(name: str, target: str, *, null: bool = False) -> sa.Column[object]:
    """Return a column that names a row of another table."""
    kind = TEXT if target.endswith(("payment_id", "advice_id")) else SERIAL
    return sa.Column(name, kind, sa.ForeignKey(target), nullable=null)


def line_ref(name: str, target: str) -> sa.Column[object]:
    """Return a column that names the row which is written together with this one.

    PostgreSQL has no foreign key there: it takes longer to check than the row to write
    (measured: a third of a posting). `alloc verify` looks for orphans in both.
    """
    return ref(name, target) if is_sqlite() else sa.Column(name, SERIAL, nullable=False)


def one_of(column: str, *values: str) -> sa.CheckConstraint:
    """Allow these values only."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} in ({listed})")


def partial_index(
    name: str, table: str, column: str, where: str, *, unique: bool = False
) -> None:
    """Index the rows for which a condition holds."""
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def bank_entry(name: str, *, money: str) -> None:
    """Create the table of bank entries; `money` says which amounts it may have."""
    op.create_table(
        name,
        sa.Column("payment_id", TEXT, primary_key=True),
        ref("import_id", "import_file.import_id"),
        ref("statement_id", "statement.statement_id", null=True),
        *text("entity", "account", null=False),
        *big("entry_index", "detail_index", "detail_count", null=False),
        *dates("booking_date", "value_date", null=False),
        *text("currency", null=False),
        *big("amount_minor", "entry_amount_minor", null=False),
        *text("status", null=False),
        sa.Column("reversal", sa.Boolean, nullable=False),
        *text("bank_reference", "transaction_code", "end_to_end_id"),
        *text("creditor_reference", "mandate_id", "counterparty_name"),
        *text("counterparty_iban", "ultimate_name", "remittance_text"),
        *big("charges_minor"),
        *text("original_currency"),
        *big("original_minor"),
        *text("return_reason", "additional_info"),
        *text("state", null=False),
        *text("aside_reason"),
        one_of("state", "new", "review", "posted", "suspense", "aside"),
        sa.CheckConstraint("(state = 'aside') = (aside_reason is not null)"),
        sa.CheckConstraint(money),
    )


def bank_entry_index() -> None:
    """Index the bank entries that wait."""
    partial_index(
        "bank_entry_open",
        "bank_entry",
        "booking_date",  # Entries of a day leave it together: few pages change.
        "state in ('new', 'review', 'suspense')",
    )


def guard(table: str, message: str, *, when: str = "") -> None:
    """Refuse updates and deletes of a table's rows, of all or some."""
    for event in ("update", "delete"):
        name = f"{table}_no_{event}"
        head = f"create trigger {name} before {event} on {table}"
        if is_sqlite():
            refuse = f"select raise(abort, '{message}')"
            condition = f" when {when}" if when else ""
            op.execute(f"{head}{condition} begin {refuse}; end")
            continue
        op.execute(
            f"create function {name}() returns trigger language plpgsql as $$ begin "
            f"if {when or 'true'} then raise exception '{message}'; end if; "
            f"return {'new' if event == 'update' else 'old'}; end $$"
        )
        op.execute(f"{head} for each row execute function {name}()")
