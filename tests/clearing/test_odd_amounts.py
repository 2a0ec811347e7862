"""What no rule may make something of: nothing, less than nothing, closed periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clearing_book import NOW
from test_rules_when_clearing import lines, rule

from alloc.app.apply import apply, preview
from alloc.errors import ConflictError

if TYPE_CHECKING:
    from clearing_book import Book

    from alloc.rules import Outcome, Rule


def rounding() -> Rule:
    return rule("round", "", base="rounding")


def discount() -> Rule:
    body = '[when]\nwithin_days = 10\n[component.discount]\nrate = "2%"\n'
    return rule("early", body, base="discount-net")


def generous() -> Rule:
    body = '[when]\ncustomers = ["C-LAC"]\n[component.credit]\nmax_rate = "50%"\n'
    return rule("over", body, base="overpayment")


def said(book: Book, by: Rule, *items: str) -> Outcome:
    return preview(
        *(book.ledger, book.settings, by, book.payment_id("B1")),
        today=NOW.date(),
        items=items,
    ).outcome


def test_a_credit_note_larger_than_the_invoice_is_paid_by_nobody(book: Book):
    book.write("""
        item     INV-7   100.00 EUR  of C-LAC
        item     AV-9   -150.00 EUR  of C-LAC
        payment  B1  10.00 EUR  on 2026-03-06  from C-LAC  "INV-7 AV-9"
    """).clear(rules=(rounding(), generous()))
    assert book.states() == {"B1": "review"}
    for one in (rounding(), generous()):
        assert said(book, one, "INV-7", "AV-9").status == "none"
    assert book.entries() == ""


def test_a_credit_note_smaller_than_the_invoice_leaves_a_gap_of_cents(book: Book):
    book.write("""
        item     INV-7   100.00 EUR  of C-LAC
        item     AV-9    -40.00 EUR  of C-LAC
        payment  B1  59.98 EUR  on 2026-03-06  from C-LAC  "INV-7 AV-9"
    """)
    done = apply(
        *(book.ledger, book.settings, rounding(), book.payment_id("B1")),
        items=["INV-7", "AV-9"],
        decided_by="anna",
        now=NOW,
    )
    assert done.result is not None
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 59.98",
        "  658000 D 0.02",
        "  411000 C-LAC C 60.00 (AAA)",
    )
    assert book.verified()


def test_an_entry_of_the_bank_of_nothing_is_no_payment(book: Book):
    book.write("""
        item     INV-7   0.01 EUR  of C-LAC
        payment  B1  0.00 EUR  on 2026-03-06  from C-LAC  "INV-7"
    """).clear(rules=(rounding(),))
    assert book.states() == {"B1": "aside"}
    with pytest.raises(ConflictError) as caught:
        said(book, rounding(), "INV-7")
    assert caught.value.reason == "NOT_A_PAYMENT"


def test_a_discount_that_is_late_stays_open_and_says_so(book: Book):
    book.write("""
        item     INV-7   100.00 EUR  of C-LAC  issued 2026-03-01
        payment  B1  98.00 EUR  on 2026-03-12  from C-LAC  "INV-7"
    """).clear(rules=(discount(),))
    assert book.states() == {"B1": "review"}
    assert said(book, discount(), "INV-7").reason == "LATE_DISCOUNT"
    assert book.open_items() == {"INV-7": "100.00"}


def test_in_a_closed_period_the_entry_waits_for_the_first_open_day(book: Book):
    book.toml = book.toml.replace(
        'name = "Garage Test"', 'name = "Garage Test"\nlocked_until = 2026-03-31'
    )
    book.write("""
        item     INV-7   100.00 EUR  of C-LAC  issued 2026-03-01
        payment  B1  98.00 EUR  on 2026-03-06  from C-LAC  "INV-7"
    """).clear(rules=(discount(),))
    (entry,) = book.ledger.journal().entries.to_pylist()
    assert str(entry["posting_date"]) == "2026-04-01"
    assert str(entry["piece_date"]) == "2026-03-06"
    assert book.verified()
