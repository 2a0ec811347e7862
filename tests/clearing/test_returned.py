"""A payment that the bank takes back turns all that it did, or a person is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearing_book import NOW
from test_rules_when_clearing import SHORT, lines, returned_payment, rule, withheld

from alloc.app.apply import apply
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.cli.queue import read_queue

if TYPE_CHECKING:
    from clearing_book import Book

    from alloc.rules import Rule

PAID_SHORT = SHORT.replace('INV-1042"', 'INV-1042"  e2e DD-77')
BACK = """
    payment  B2  -114.00 EUR  on 2026-03-10  from C-LAC  "REJET PRLV AM04"  e2e DD-77
"""
ANOTHER = """
    item     INV-2000  88.00 EUR  of C-BOB
    payment  B3        88.00 EUR  on 2026-03-12  from C-BOB  "INV-2000"
"""
OVERPAID = """
    item     INV-1042  120.00 EUR  of C-LAC
    payment  B1        120.50 EUR  on 2026-03-06  from C-LAC  "INV-1042"  e2e DD-77
"""


def overpayment() -> Rule:
    return rule("over", "", base="overpayment")


def gain() -> Rule:
    body = '[component.gain]\nrole = "rounding_gain"\namount = "gap"\nside = "credit"\n'
    return rule("gain", body + 'max = "1.00"\n')


def test_what_was_deducted_turns_with_a_payment_that_comes_back(book: Book):
    book.write(PAID_SHORT).clear(rules=[withheld()])
    book.write(BACK + ANOTHER).clear(rules=[withheld(), returned_payment()])
    assert book.entries().split("BQ1-000002 clearing\n")[1] == lines(
        "  411000 C-LAC D 120.00 (AAB)",
        "  637400 C 6.00",
        "  512000 C 114.00",
        "BQ1-000003 clearing",
        "  512000 D 88.00",
        "  411000 C-BOB C 88.00 (AAA)",
    )
    assert book.open_items() == {"INV-1042": "120.00"}
    assert book.verified()


def test_one_return_for_a_person_does_not_stop_the_other_customers(book: Book):
    """Money on account may be used since: its payment is not turned by itself."""
    rules = [overpayment(), returned_payment()]
    book.write(OVERPAID).clear(rules=rules)
    book.write(BACK.replace("114.00", "120.50") + ANOTHER)
    foreseen = book.clear(rules=rules, dry_run=True)
    report = book.clear(rules=rules)
    assert report.outcomes.equals(foreseen.outcomes)
    assert report.totals() == {
        ("auto", "EUR"): (1, 8_800),
        ("review", "EUR"): (1, -12_050),
    }
    assert report.reasons("review") == {"RETURN_NOT_PLAIN": 1}
    assert book.states() == {"B1": "posted", "B2": "aside", "B3": "posted"}
    (waiting,) = read_queue(book.ledger)
    assert waiting["payment_id"] == book.payment_id("B2")
    assert waiting["reason"] == "RETURN_NOT_PLAIN"
    assert book.verified()


def test_a_return_that_waits_is_posted_once_the_payment_can_be_turned(book: Book):
    rules = [overpayment(), returned_payment()]
    book.write(OVERPAID).clear(rules=rules)
    book.write(BACK.replace("114.00", "120.50")).clear(rules=rules)
    posted = DecisionFilter(states=(DecisionState.POSTED,))
    (first,) = book.ledger.decisions(posted).decisions["decision_id"].to_pylist()
    reverse(book.ledger, book.settings, first, decided_by="ada", now=NOW)
    apply(
        *(book.ledger, book.settings, gain(), book.payment_id("B1")),
        items=["INV-1042"],
        decided_by="ada",
        now=NOW,
    )
    book.clear(rules=rules)
    assert book.states() == {"B1": "posted", "B2": "posted"}
    assert read_queue(book.ledger) == []
    assert book.verified()


def test_a_payment_of_the_same_run_can_come_back_in_it(book: Book):
    """The receipts of a day are decided first, then what went out on it."""
    report = book.write(PAID_SHORT + BACK + ANOTHER).clear(
        rules=[withheld(), returned_payment()]
    )
    assert report.entries == 3
    assert book.states() == {"B1": "posted", "B2": "posted", "B3": "posted"}
    assert book.open_items() == {"INV-1042": "120.00"}
    assert book.verified()


def test_what_came_back_can_be_paid_again_in_the_same_run(book: Book):
    again = PAID_SHORT.splitlines()[2].replace("B1", "B4").replace("DD-77", "DD-78")
    book.write(PAID_SHORT + BACK + again.replace("2026-03-06", "2026-03-16"))
    book.clear(rules=[withheld(), returned_payment()])
    assert book.open_items() == {}
    assert len(book.ledger.journal().entries) == 3
    assert book.verified()
