"""VAT due on receipt goes with every other rule; it competes with none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from test_rules_when_clearing import decision, lines, rule, withheld
from test_vat_on_collection import collected

if TYPE_CHECKING:
    from clearing_book import Book

ITEM = "item  INV-1042  1200.00 EUR  of C-LAC  vat 20%=200.00"
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
