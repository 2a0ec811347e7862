"""A match that a person undid or refused: no rule makes it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearing_book import NOW
from test_rules_when_clearing import SHORT, withheld

from alloc.app.apply import apply
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.app.review import refuse

if TYPE_CHECKING:
    from clearing_book import Book


def undone(book: Book) -> Book:
    """Post a short payment by a rule, and take the decision back."""
    book.write(SHORT).clear(rules=[withheld()])
    posted = DecisionFilter(states=(DecisionState.POSTED,))
    (number,) = book.ledger.decisions(posted).decisions["decision_id"].to_pylist()
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    return book


def test_what_a_person_undid_is_not_posted_again_by_the_rule(book: Book):
    undone(book).clear(rules=[withheld()])
    assert book.states() == {"B1": "review"}
    assert book.open_items() == {"INV-1042": "120.00"}
    assert len(book.ledger.journal().entries) == 2
    assert book.verified()


def test_a_refused_match_is_not_posted_when_a_rule_is_written_for_it(book: Book):
    book.write(SHORT).clear()
    payment_id = book.payment_id("B1")
    refuse(book.ledger, payment_id, decided_by="ada", reason="WRONG", now=NOW)
    book.clear(rules=[withheld()])
    assert book.states() == {"B1": "review"}
    assert book.entries() == ""


def test_a_person_may_still_post_what_was_undone(book: Book):
    payment_id = undone(book).payment_id("B1")
    apply(
        *(book.ledger, book.settings, withheld(), payment_id),
        items=["INV-1042"],
        decided_by="ada",
        now=NOW,
    )
    assert book.open_items() == {}
    assert book.verified()


def test_other_items_are_still_cleared_by_the_rule(book: Book):
    undone(book).write("""
        item     INV-3000  240.00 EUR  of C-LAC
        payment  B2        228.00 EUR  on 2026-03-09  from C-LAC  "PAYMENT INV-3000"
    """)
    book.clear(rules=[withheld()])
    assert book.states() == {"B1": "review", "B2": "posted"}
    assert book.open_items() == {"INV-1042": "120.00"}
