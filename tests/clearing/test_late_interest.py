"""An invoice paid late and in parts: what was charged before counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearing_book import NOW

from alloc.app.apply import preview
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.rules import Rule, read_rule
from alloc.rules.book import _bases

if TYPE_CHECKING:
    from clearing_book import Book

EXAMPLE = """
[[example]]
name = "one"
payment = { amount = "1.00", date = 2026-01-01 }
items = [{ id = "A", ttc = "1.00" }]
"""
LATE = """
    item     INV-1  1000.00 EUR  of C-LAC  due 2026-01-31
    payment  B1      500.00 EUR  on 2026-03-02  from C-LAC  "PAYMENT INV-1"
"""
FIRST_PART = """BQ1-000001 clearing
  512000 D 500.00
  411000 C-LAC C 450.01 (aaa)
  763100 C 9.99
  758100 C 40.00"""


def interest_first(posting: str = "auto") -> Rule:
    head = f'id = "late"\nversion = 1\nposting = "{posting}"\n'
    text = head + 'based_on = "late-interest-first"\n' + EXAMPLE
    return read_rule(text, name="rules/late.toml", bases=_bases())


def waiting(book: Book) -> list[tuple[str, str]]:
    found = book.ledger.decisions(DecisionFilter(states=(DecisionState.PROPOSED,)))
    return [(row["rule"], row["reason"]) for row in found.decisions.to_pylist()]


def test_the_second_part_bears_interest_on_the_capital_left_and_no_second_sum(
    book: Book,
):
    book.write(LATE).clear(rules=[interest_first()])
    book.write(
        'payment B2 549.99 EUR  on 2026-04-01  from C-LAC  "PAYMENT INV-1"'
    ).clear(rules=[interest_first()])
    # 30 days on 549.99 at 12.15 %.
    assert book.entries() == (
        FIRST_PART
        + """
BQ1-000002 clearing
  512000 D 549.99
  411000 C-LAC C 544.50 (aaa)
  763100 C 5.49"""
    )
    assert book.open_items() == {"INV-1": "5.49"}
    assert book.verified()


def test_two_parts_in_one_statement_are_charged_like_two_days(book: Book):
    second = '    payment B2 549.99 EUR  on 2026-04-01  from C-LAC  "PAYMENT INV-1"'
    book.write(LATE + second).clear(rules=[interest_first()])
    assert "758100 C 40.00" in book.entries()
    assert book.entries().count("758100") == 1
    assert book.open_items() == {"INV-1": "5.49"}


def test_a_part_that_was_reversed_was_not_charged(book: Book):
    book.write(LATE).clear(rules=[interest_first()])
    reverse(book.ledger, book.settings, 1, decided_by="ada", now=NOW)
    shown = preview(
        *(book.ledger, book.settings, interest_first(), book.payment_id("B1")),
        today=NOW.date(),
        items=["INV-1"],
    )
    (entry,) = shown.entries()
    minors = [line["amount_minor"] for line in entry["lines"]]
    assert minors == [50_000, -45_001, -999, -4_000]


def test_nobody_knows_what_an_imported_rest_was_charged(book: Book):
    """The rest is paid exactly, and the engine alone would clear it."""
    rest = """
        item     INV-1  549.99 EUR  of C-LAC  due 2026-01-31  of total 1000.00
        payment  B1     549.99 EUR  on 2026-04-01  from C-LAC  "PAYMENT INV-1"
    """
    book.write(rest).clear(rules=[interest_first()])
    assert book.entries() == ""
    assert waiting(book) == [("late@1", "HISTORY_UNKNOWN")]
