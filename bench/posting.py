"""Measure posting on a year of the group: ``python bench/posting.py [URL [ENTRIES]]``.

A year is 220,000 payments over 60 entities; each pays an item less a bank's charge, so
each entry has three lines and letters one item. URL names where to make the ledger;
without it a file in a temporary folder. Prints what each step took.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from alloc import engine
from alloc.app.ports import PostingBatch, SourceFile
from alloc.app.verify import verify
from alloc.domain.bank import BankFile, entry_id
from alloc.store import create_ledger, open_ledger

if TYPE_CHECKING:
    from alloc.app.ports import Ledger

ENTRIES = 220_000
ENTITIES = 60
CUSTOMERS = 15_000
BATCH = 20_000
ITEM_MINOR = 10_000
CHARGE_MINOR = 100
NOW = dt.datetime(2026, 12, 31, 6, tzinfo=dt.UTC)
DAY = dt.date(2026, 12, 31)
IBAN = "FR7630001007941234567890185"


class Posted(NamedTuple):
    """What was measured, nanoseconds."""

    import_ns: int
    draft_ns: int
    post_ns: int
    verify_ns: int


def ids(first: int, count: int) -> list[str]:
    """Return the identities of so many bank entries."""
    facts = (IBAN, DAY, ITEM_MINOR - CHARGE_MINOR, "EUR")
    return [entry_id((*facts, f"B{n}"), 1) for n in range(first, first + count)]


def same(value: object, count: int, kind: pa.DataType | None = None) -> pa.Array:
    """Return a column of one value."""
    return pa.repeat(pa.scalar(value, kind), count)


def bank_file(count: int) -> BankFile:
    """Return one statement with all payments."""
    number = pa.array(range(count), pa.int64())
    paid = same(ITEM_MINOR - CHARGE_MINOR, count, pa.int64())
    entries = {
        "payment_id": pa.array(ids(0, count)),
        "statement_index": same(0, count, pa.int64()),
        "account": same(IBAN, count),
        "entry_index": number,
        "detail_index": same(0, count, pa.int64()),
        "detail_count": same(1, count, pa.int64()),
        "booking_date": same(DAY, count),
        "currency": same("EUR", count),
        "amount_minor": paid,
        "entry_amount_minor": paid,
        "status": same("booked", count),
        "reversal": pa.repeat(pa.scalar(False), count),  # noqa: FBT003
        "bank_reference": pa.array([f"B{n}" for n in range(count)]),
    }
    statement = {
        "statement_index": 0,
        "message_type": "camt.053.001.08",
        "kind": "statement",
        "account": IBAN,
        "entry_count": count,
    }
    none = {name: pa.nulls(0) for name in ("payment_id", "line_no")}
    return BankFile(
        "camt",
        pa.Table.from_pylist([statement]),
        pa.table(entries),
        pa.table(none),
        pa.table({name: pa.nulls(0) for name in ("code", "message", "line")}),
    )


def items(first: int, count: int) -> dict[str, pa.Array]:
    """Return the key and the customer of so many items."""
    number = range(first, first + count)
    return {
        "entity": same("E1", count),
        "item_id": pa.array([f"F{n}" for n in number]),
        "customer_id": pa.array([f"C{n % CUSTOMERS}" for n in number]),
    }


def source(kind: str) -> SourceFile:
    """Name a file that there is not."""
    return SourceFile(kind, hashlib.sha256(kind.encode()).hexdigest(), 1, kind)


def fill(ledger: Ledger, count: int) -> None:
    """Import the payments and the items."""
    owners = {IBAN: "E1"}
    ledger.import_bank_file(source("bank"), bank_file(count), entities=owners, now=NOW)
    open_items = {
        **items(0, count),
        "currency": same("EUR", count),
        "open_minor": same(ITEM_MINOR, count, pa.int64()),
    }
    accounts = {"E1": "411000"}
    ledger.import_open_items(
        source("open_items"), pa.table(open_items), accounts=accounts, now=NOW
    )


def batch(first: int, count: int) -> PostingBatch:
    """Draft the entries of so many payments."""
    payment_id = pa.array(ids(first, count))
    known = items(first, count)
    texts = {
        "entity": "E1",
        "kind": "clearing",
        "label": "Virement reçu",
        "currency": "EUR",
        "source_account": "512000",
        "customer_account": "411000",
        "suspense_account": "471000",
    }
    journals = [f"BQ{n % ENTITIES}" for n in range(first, first + count)]
    payments = {
        "payment_id": payment_id,
        "item_prefix": payment_id,
        "journal": pa.array(journals),
        "piece_ref": payment_id,
        "customer_id": known["customer_id"],
        "amount_minor": same(ITEM_MINOR - CHARGE_MINOR, count, pa.int64()),
        "fiscal_year": same(2026, count, pa.int64()),
        "posting_date": same(DAY, count),
        "piece_date": same(DAY, count),
    } | {name: same(value, count) for name, value in texts.items()}
    minor = same(ITEM_MINOR, count, pa.int64())
    settled = known | {"payment_id": payment_id, "account": same("411000", count)}
    settled |= {"allocated_minor": minor, "open_minor": minor}
    charge = {"payment_id": payment_id, "role": same("bank_charges", count)}
    charge |= {"amount_minor": same(CHARGE_MINOR, count, pa.int64())}
    drafts = engine.draft_entries(
        pa.table(payments),
        pa.table(settled),
        pa.table(charge | {"account": same("627000", count)}),
    )
    decisions = {"payment_id": payment_id, "customer_id": known["customer_id"]}
    said = {"status": "auto", "proof": "exact", "reason": "REFERENCES"}
    decisions |= {name: same(value, count) for name, value in said.items()}
    decisions |= {
        "confidence_ppm": same(999_000, count, pa.int64()),
        "explanations_count": same(1, count, pa.int64()),
    }
    rank = same(0, count, pa.int64())
    allocations = known | {"payment_id": payment_id, "rank": rank}
    allocations |= {"allocated_minor": minor, "evidence": same("AMOUNT", count)}
    return PostingBatch(
        pa.table(decisions),
        pa.table(allocations),
        pa.table(charge | {"rank": rank}),
        drafts,
        decided_by="alloc",
    )


def measure(url: str, count: int) -> Posted:
    """Fill a new ledger, post everything in batches and verify it."""
    create_ledger(url)
    clock = time.perf_counter_ns
    with open_ledger(url, write=True) as ledger:
        start = clock()
        fill(ledger, count)
        imported = clock() - start
        drafting = posting = 0
        for first in range(0, count, BATCH):
            start = clock()
            drafted = batch(first, min(BATCH, count - first))
            drafting += clock() - start
            start = clock()
            ledger.post(drafted, now=NOW)
            posting += clock() - start
        start = clock()
        if not verify(ledger).holds:
            sys.exit("the ledger does not verify")
        return Posted(imported, drafting, posting, clock() - start)


def main(url: str = "", count: str = str(ENTRIES)) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        place = url or str(Path(folder) / "ledger.db")
        posted = measure(place, int(count))
    for name, value in posted._asdict().items():
        print(f"{name.removesuffix('_ns'):8}{value // 10**6:>8} ms")
    print(f"posted  {int(count) * 10**9 // posted.post_ns:>8} a second")


if __name__ == "__main__":
    main(*sys.argv[1:])
