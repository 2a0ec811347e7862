"""A ledger with something in every table that people fill."""

from __future__ import annotations

import pyarrow as pa
from store_books import NOW, Books, Line, Plan, entry_id, source

from alloc.app.verify import verify

AMOUNTS = {"B1": 12_000, "B2": 5_000, "B3": 700, "B4": 900, "B5": 1_000}
B1, B2, B3, B4, B5 = (entry_id(Line(name, amount)) for name, amount in AMOUNTS.items())


def fill(books: Books) -> None:
    """Import, post, park, release, reverse, propose."""
    ledger = books.ledger
    reference = {"payment_id": B1, "line_no": 1, "reference": "F1"}
    lines = (Line(name, amount) for name, amount in AMOUNTS.items())
    books.receive(*lines, references=[reference])
    books.due({"F1": 10_000, "F2": 5_000, "F3": 2_000, "F4": 1_000})
    names = pa.table({"customer_id": ["C-A"], "name": ["Garage Martin"]})
    ledger.import_customers(source("c", "customers"), names, now=NOW)
    advice = pa.table(
        {"advice": ["1"], "line_no": [1], "reference": ["F1"]}
    ).append_column("amount_minor", pa.array([10_000]))
    ledger.import_advices(source("a", "remittances"), advice, now=NOW)
    discount = {"discount_granted": ("665000", 100)}
    books.post(Plan(B1, {"F1": 10_000, "F2": 1_000}), Plan(B4, kind="suspense"))
    books.post(Plan(B2, {"F2": 4_000}), Plan(B3, {"F3": 700}))
    books.reverse(books.decision_of(B3))
    books.post(Plan(B4, {"F4": 1_000}, kind="release", deductions=discount))
    books.propose(Plan(B5, {"F3": 1_000}))
    books.due({"F1": 9_000})
    report = verify(ledger)
    assert report.findings == ()
    assert report.counts["entries"] == 6
