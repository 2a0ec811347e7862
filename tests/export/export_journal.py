"""A small journal that exercises every column, and its tables."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from alloc.export.fec import FecLabels

SIREN = "732829320"
CLOSING = dt.date(2026, 12, 31)
LABELS = FecLabels(
    journals={"BQ1": "Banque", "OD": "Opérations diverses"},
    accounts={"512000": "Banque Crédit de l'Ouest"},
)

ENTRIES = pa.schema(
    [
        ("seq", pa.int64()),
        ("entity", pa.string()),
        ("journal", pa.string()),
        ("fiscal_year", pa.int64()),
        ("number", pa.int64()),
        ("kind", pa.string()),
        ("posting_date", pa.date32()),
        ("piece_date", pa.date32()),
        ("piece_ref", pa.string()),
        ("label", pa.string()),
        ("currency", pa.string()),
        ("payment_id", pa.string()),
        ("decision_id", pa.int64()),
        ("reverses_seq", pa.int64()),
        ("posted_at", pa.string()),
        ("posted_by", pa.string()),
        ("previous_hash", pa.string()),
        ("hash", pa.string()),
    ]
)
POSTINGS = pa.schema(
    [
        ("seq", pa.int64()),
        ("line_no", pa.int64()),
        ("entity", pa.string()),
        ("account", pa.string()),
        ("account_label", pa.string()),
        ("customer_id", pa.string()),
        ("customer_name", pa.string()),
        ("label", pa.string()),
        ("amount_minor", pa.int64()),
        ("currency", pa.string()),
        ("item_id", pa.string()),
        ("letter_group", pa.int64()),
        ("letter_code", pa.string()),
        ("letter_kind", pa.string()),
        ("lettered_on", pa.date32()),
        ("foreign_currency", pa.string()),
        ("foreign_minor", pa.int64()),
        ("analytic", pa.string()),
    ]
)
ALLOCATIONS = pa.schema(
    [
        ("seq", pa.int64()),
        ("decision_id", pa.int64()),
        ("payment_id", pa.string()),
        ("item_id", pa.string()),
        ("entity", pa.string()),
        ("customer_id", pa.string()),
        ("reference", pa.string()),
        ("allocated_minor", pa.int64()),
        ("evidence", pa.string()),
    ]
)

CUSTOMERS = {"C-A": "Société Lefèvre & Fils", "C/B": "Łódź Œuvres “Ω”"}


def entry(
    seq: int, number: int, *lines: tuple[Any, ...], **more: Any
) -> dict[str, Any]:
    """One entry; a line is (account, customer, minor units, letter code).

    A foreign line goes on with (currency, minor units).
    """
    day = dt.date(2026, 4, seq)
    return {
        "seq": seq,
        "entity": "E1",
        "journal": "BQ1",
        "fiscal_year": 2026,
        "number": number,
        "kind": "clearing",
        "posting_date": day,
        "piece_date": day,
        "piece_ref": f"B{seq}",
        "label": "Virement reçu",
        "currency": "EUR",
        "payment_id": f"P{seq}",
        "decision_id": seq,
        "posted_at": f"2026-05-0{seq}T06:00:00Z",
        "posted_by": "alloc",
        "previous_hash": f"{seq - 1:064x}",
        "hash": f"{seq:064x}",
        "lines": lines,
    } | more


MONTH = [
    entry(
        1,
        1,
        ("512000", None, 114000, None),
        ("622200", None, 5000, None),
        ("445660", None, 1000, None),
        ("411000", "C-A", -120000, "AAA"),
    ),
    entry(
        2, 2, ("512000", None, 50000, None), ("411000", "C/B", -50000, "aaa"), kind="x"
    ),
    entry(
        3,
        3,
        ("512000", None, 43210, None),
        ("471000", None, -43210, "AAA"),
        kind="suspense",
    ),
    entry(
        4,
        1,
        ("471000", None, 43210, "AAA"),
        ("411000", "C-A", -43210, None),
        journal="OD",
        kind="release",
        label="=cmd|' /C calc'!A0",
    ),
]

#: USD 11,500.00 booked as 10,000.00, paid as 10,267.86.
ABROAD = entry(
    1,
    1,
    ("512000", None, 1_026_786, None, "USD", 1_150_000),
    ("411000", "C-A", -1_000_000, "AAA", "USD", -1_150_000),
    ("756000", None, -26_786, None),
)


def tables(rows: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """Entries and postings of the rows."""
    entries = [{key: row[key] for key in row if key != "lines"} for row in rows]
    postings = [
        {
            "seq": row["seq"],
            "line_no": line_no,
            "entity": row["entity"],
            "account": account,
            "customer_id": customer_id,
            "customer_name": CUSTOMERS.get(customer_id),
            "label": row["label"],
            "amount_minor": amount,
            "currency": row["currency"],
            "letter_code": letter,
            "letter_group": None if letter is None else row["seq"],
            "letter_kind": letter and ("full" if letter.isupper() else "partial"),
            "lettered_on": letter and dt.date(2026, 5, 2),
            "foreign_currency": foreign[0] if foreign else None,
            "foreign_minor": foreign[1] if foreign else None,
            "analytic": row.get("analytic", {}).get(line_no),
        }
        for row in rows
        for line_no, (account, customer_id, amount, letter, *foreign) in enumerate(
            row["lines"], start=1
        )
    ]
    return (
        pa.Table.from_pylist(entries, schema=ENTRIES),
        pa.Table.from_pylist(postings, schema=POSTINGS),
    )
