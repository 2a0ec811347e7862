"""Journal tests in an accountant's notation: items, payments, and the lines posted.

::

    payment B1 1140.00 to C-A
    item F1 C-A 1200.00 open 1200.00
    line commission 622200 50.00
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alloc import engine

if TYPE_CHECKING:
    from alloc.engine import Drafts

DAY = dt.date(2026, 4, 1)


def minor(text: str) -> int:
    """Minor units of an amount with two decimals: 1,140.00 is 114000."""
    units, _, cents = text.replace(",", "").partition(".")
    assert len(cents) == 2, text
    return int(units + cents)


def money(amount: int) -> str:
    """Write minor units with two decimals."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


@dataclass
class Book:
    """Rows of the three tables that drafting takes."""

    payments: list[dict[str, Any]] = field(default_factory=list)
    allocations: list[dict[str, Any]] = field(default_factory=list)
    adjustments: list[dict[str, Any]] = field(default_factory=list)

    def payment(
        self, payment_id: str, amount_minor: int, customer_id: str | None, **more: Any
    ) -> None:
        row = {
            "payment_id": payment_id,
            "entity": "E1",
            "journal": "BQ1",
            "kind": "clearing",
            "posting_date": DAY,
            "piece_date": DAY,
            "piece_ref": payment_id,
            "label": f"Payment {payment_id}",
            "currency": "EUR",
            "amount_minor": amount_minor,
            "source_account": "512000",
            "customer_id": customer_id,
            "customer_account": "411000",
            "suspense_account": "471000",
        }
        self.payments.append(row | more)

    def allocate(
        self, payment_id: str, item_id: str, amounts: tuple[int, int], **more: Any
    ) -> None:
        row = {
            "payment_id": payment_id,
            "item_id": item_id,
            "customer_id": "C-A",
            "account": "411000",
            "allocated_minor": amounts[0],
            "open_minor": amounts[1],
        }
        self.allocations.append(row | more)

    def tables(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        return (
            table(self.payments, PAYMENTS),
            table(self.allocations, ALLOCATIONS),
            table(self.adjustments, ADJUSTMENTS),
        )

    def draft(self) -> Drafts:
        return engine.draft_entries(*self.tables())


PAYMENTS = (
    "payment_id entity journal kind posting_date:date piece_date:date piece_ref label "
    "currency amount_minor:int source_account customer_id customer_account "
    "suspense_account fiscal_year:int item_prefix source_item_id granularity"
)
ALLOCATIONS = (
    "payment_id item_id customer_id account allocated_minor:int open_minor:int entity "
    "letter_group:int group_open_minor:int"
)
ADJUSTMENTS = "payment_id role account amount_minor:int customer_id label new_item_id"
TYPES = {"": pa.string(), "int": pa.int64(), "date": pa.date32()}


def table(rows: list[dict[str, Any]], columns: str) -> pa.Table:
    """Typed table of rows; a column that no row has holds nulls."""
    pairs = [column.partition(":") for column in columns.split()]
    schema = pa.schema([(name, TYPES[kind]) for name, _, kind in pairs])
    assert all(set(row) <= set(schema.names) for row in rows)
    return pa.Table.from_pylist(rows, schema=schema)


def read_book(text: str) -> Book:
    """Read the notation; an item belongs to the payment above it."""
    book = Book()
    payment_id = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        word, name, *rest = line.split()
        if word == "payment":
            amount, *customer = rest
            payment_id = name
            known = customer[1] if customer else None
            book.payment(name, minor(amount), known, **({} if known else SUSPENSE))
        elif word == "item":
            customer_id, allocated, _, opened = rest
            amounts = (minor(allocated), minor(opened))
            book.allocate(payment_id, name, amounts, customer_id=customer_id)
        else:
            account, amount = rest
            row = {"role": name, "account": account, "amount_minor": minor(amount)}
            book.adjustments.append({"payment_id": payment_id} | row)
    return book


SUSPENSE = {"kind": "suspense"}


def lines(drafts: Drafts) -> list[str]:
    """Every posting in one line: `411000 C-A C 1140.00 AAA`."""
    letters = drafts.letters.to_pylist()
    written = []
    for posting in drafts.postings.to_pylist():
        amount = posting["amount_minor"]
        words = [posting["account"], posting["customer_id"]]
        words += ["D" if amount > 0 else "C", money(abs(amount))]
        if posting["letter_index"] is not None:
            full = letters[posting["letter_index"]]["kind"] == "full"
            words.append("full" if full else "partial")
        if posting["item_id"]:
            words.append(f"new {posting['item_id']}")
        written.append(" ".join(filter(None, words)))
    return written


def post(text: str) -> list[str]:
    """Draft what the notation says and write the postings."""
    return lines(read_book(text).draft())
