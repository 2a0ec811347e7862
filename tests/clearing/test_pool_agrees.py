"""What is proposed on a pool of open items is what a run decides the same day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from clearing_book import NOW
from test_learned import nemo, taught

from alloc import engine
from alloc.app.clear import contract
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.propose import OpenPool

if TYPE_CHECKING:
    from clearing_book import Book

Rows = list[list[dict[str, Any]]]

CASES = {
    "it names its item": 'from ACME "FACT FA100234"',
    "it names nothing": 'from ACME "PAYMENT"',
    "nobody knows the payer": 'from NEMO "THANKS"',
}
#: Columns of rows that only the ledger has are left out.
TABLES = ("decisions", "allocations", "adjustments")


def proposed(book: Book, reference: str) -> Rows:
    """Ask a pool for a payment alone, and in a table; both say the same."""
    asked = book.ledger.payments(payment_ids=(book.payment_id(reference),))
    payments = contract(asked, "payments")
    pool = OpenPool(book.ledger, book.settings, "E1", now=lambda: NOW)
    nothing = engine.schema("remittances").empty_table()
    together = pool.propose(payments, nothing)
    tables = [getattr(together, name).to_pylist() for name in TABLES]
    row = dict.fromkeys(engine.schema("payments").names) | payments.to_pylist()[0]
    assert list(pool.decide(row, [])) == tables
    return tables


def decided(book: Book, reference: str) -> Rows:
    """Clear, and return what was decided on a payment."""
    book.clear()
    payment_id = book.payment_id(reference)
    which = DecisionFilter(states=tuple(DecisionState), payment_ids=(payment_id,))
    found = book.ledger.decisions(which)
    return [
        getattr(found, name).select(engine.schema(name).names).to_pylist()
        for name in TABLES
    ]


@pytest.mark.parametrize("cents", ["990.00", "1000.00", "1000.01"])
@pytest.mark.parametrize("said", CASES.values(), ids=CASES.keys())
def test_a_payment_is_proposed_as_it_is_decided(
    book: Book, said: str, cents: str
) -> None:
    limit = '[[entity]]\nfour_eyes_above = "1000.00"'
    book.toml = book.toml.replace("[[entity]]", limit)
    book.write(f"""
        item     FA100234  {cents} EUR  of ACME
        item     FA100235   400.00 EUR  of ACME
        payment  B1        {cents} EUR  on 2026-03-02  {said}
    """)
    mine = proposed(book, "B1")
    assert mine == decided(book, "B1")


@pytest.mark.parametrize("times", [2, 3])
def test_a_payer_is_known_as_a_run_knows_it(book: Book, times: int) -> None:
    taught(book, range(2, 2 + times)).write(nemo(6))
    mine = proposed(book, "B6")
    assert mine[0][0]["customer_id"] == ("C-LAC" if times == 3 else None)
    assert mine == decided(book, "B6")
