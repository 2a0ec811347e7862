"""VAT due on receipt goes with every other rule; it competes with none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clearing_book import NOW
from test_rules_when_clearing import decision, lines, rule, withheld
from test_vat_on_collection import collected

from alloc.app.apply import apply
from alloc.app.review import Items, Rank, accept
from alloc.errors import ConflictError

if TYPE_CHECKING:
    from clearing_book import Book

ITEM = "item  INV-1042  1200.00 EUR  of C-LAC  vat 20%=200.00"
PERMITTED = '[policy]\nmax_wrong_ppm = 500000\ndeductions = ["discount"]'
PAID = 'payment  B1  {} EUR  on 2026-03-06  from C-LAC  "PAYMENT INV-1042"'


def paid(book: Book, amount: str, item: str = ITEM) -> Book:
    return book.write(item + "\n" + PAID.format(amount))


def test_a_deduction_and_the_vat_that_falls_due_are_posted_together(book: Book):
    paid(book, "1140.00").clear(rules=[collected(), withheld()])
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 1140.00",
        "  637400 D 60.00",
        "  445740 D 200.00",
        "  411000 C-LAC C 1200.00 (AAA)",
        "  445710 C 200.00",
    )
    assert decision(book)["rule"] == "tax@3"
    assert book.verified()


def test_what_the_engine_deducts_is_deducted_and_all_vat_falls_due(book: Book):
    """2 % off, by a permitted kind: nothing stays open, and the VAT is that of 1200."""
    book.toml = book.toml.replace("[policy]", PERMITTED)
    paid(book, "1176.00").clear(rules=[collected()])
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 1176.00",
        "  665000 D 24.00",
        "  445740 D 200.00",
        "  411000 C-LAC C 1200.00 (AAA)",
        "  445710 C 200.00",
    )
    assert decision(book)["reason"] == "DEDUCTION_EXPLAINED"
    assert book.open_items() == {}
    assert book.verified()


def test_what_looks_deducted_is_no_part_payment(book: Book):
    """The engine would deduct and may not: a person decides, VAT or not."""
    paid(book, "1176.00").clear(rules=[collected()])
    assert book.entries() == ""
    assert decision(book)["reason"] == "DEDUCTION_SUSPECTED"


def test_a_deduction_of_the_engine_waits_where_the_vat_is_unknown(book: Book):
    book.toml = book.toml.replace("[policy]", PERMITTED)
    paid(book, "1176.00", ITEM.partition("  vat")[0]).clear(rules=[collected()])
    assert book.entries() == ""
    assert decision(book)["reason"] == "VAT_UNKNOWN"


def test_an_overpayment_makes_the_vat_of_its_invoice_due(book: Book):
    paid(book, "1205.00").clear(
        rules=[collected(), rule("over", "", base="overpayment")]
    )
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 1205.00",
        "  445740 D 200.00",
        "  411000 C-LAC C 1200.00 (AAA)",
        "  445710 C 200.00",
        "  411000 C-LAC C 5.00",
    )
    assert book.verified()


def test_an_item_without_its_vat_waits_for_a_person(book: Book):
    report = paid(book, "1200.00", ITEM.split("  vat", maxsplit=1)[0]).clear(
        rules=[collected()]
    )
    assert book.entries() == ""
    assert report.reasons("review") == {"VAT_UNKNOWN": 1}
    assert decision(book)["rule"] == collected().name


def test_vat_falls_due_with_what_a_person_chooses(book: Book):
    paid(book, "300.00").clear()
    accept(
        *(
            book.ledger,
            book.settings,
            book.payment_id("B1"),
            Items({"INV-1042": 30_000}),
        ),
        decided_by="ada",
        now=NOW,
        rules=[collected()],
    )
    assert sorted(book.entries().splitlines()[1:]) == [
        "  411000 C-LAC C 300.00 (aaa)",
        "  445710 C 50.00",
        "  445740 D 50.00",
        "  512000 D 300.00",
    ]
    assert book.verified()
    book.write('payment  B2  900.00 EUR  on 2026-03-20  from C-LAC  "INV-1042"')
    book.clear(rules=[collected()])
    assert "  445710 C 150.00" in book.entries().splitlines()
    assert book.verified()


def test_vat_falls_due_with_a_rule_that_a_person_applies(book: Book):
    paid(book, "1140.00").clear()
    apply(
        *(book.ledger, book.settings, withheld("one_click"), book.payment_id("B1")),
        items=["INV-1042"],
        decided_by="ada",
        now=NOW,
        rules=[collected()],
    )
    assert "  445710 C 200.00" in book.entries().splitlines()
    assert book.verified()


def test_a_person_is_told_which_item_lacks_its_vat(book: Book):
    paid(book, "1200.00", ITEM.partition("  vat")[0]).clear(rules=[collected()])
    with pytest.raises(ConflictError, match="INV-1042") as caught:
        accept(
            *(book.ledger, book.settings, book.payment_id("B1"), Rank(0)),
            decided_by="ada",
            now=NOW,
            rules=[collected()],
        )
    assert caught.value.metadata["why"] == "VAT_UNKNOWN"
    assert book.entries() == ""
