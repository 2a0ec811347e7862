"""Sections of items go with the charges that their payments bring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clearing_book import NOW
from hypothesis import given
from hypothesis import strategies as st
from test_rules_when_clearing import decision, rule

from alloc.app.reverse import reverse
from alloc.app.verify import verify
from alloc.store.analytic import shared_out

if TYPE_CHECKING:
    from clearing_book import Book

COMMISSION = """
[component.commission]
role = "commission"
rate = "5%"
vat = { rate = "20%", role = "vat_deductible" }
"""
PAID = """
    item     INV-1042  1200.00 EUR  of C-LAC  for BES/REPAIR
    item     INV-1043   600.01 EUR  of C-LAC  for DIJ
    payment  B1  1692.01 EUR  on 2026-03-06  from C-LAC  "PAYMENT INV-1042 INV-1043"
"""


def sections(book: Book) -> list[tuple[str, list[object]]]:
    """Account and sections of each posting that has some."""
    return [
        (row["account"], json.loads(row["analytic"]))
        for row in book.ledger.journal().postings.to_pylist()
        if row["analytic"]
    ]


def test_a_commission_is_for_the_sections_of_the_items_in_proportion(book: Book):
    book.write(PAID).clear(rules=[rule("commission", COMMISSION)])
    assert sections(book) == [
        ("622200", [[6_000, ["BES", "REPAIR"]], [3_000, ["DIJ"]]])
    ]
    assert book.verified()


def test_a_reversal_takes_the_sections_back(book: Book):
    book.write(PAID).clear(rules=[rule("commission", COMMISSION)])
    number = decision(book)["decision_id"]
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    assert sections(book)[1:] == [
        ("622200", [[-6_000, ["BES", "REPAIR"]], [-3_000, ["DIJ"]]])
    ]
    assert book.verified()


def test_what_is_cleared_without_a_section_keeps_its_share(book: Book):
    book.write(PAID.replace("  for DIJ", ""))
    book.clear(rules=[rule("commission", COMMISSION)])
    assert sections(book) == [("622200", [[3_000, []], [6_000, ["BES", "REPAIR"]]])]


def test_items_without_sections_have_postings_without(book: Book):
    book.write(PAID.replace("  for DIJ", "").replace("  for BES/REPAIR", ""))
    book.clear(rules=[rule("commission", COMMISSION)])
    assert sections(book) == []


def test_sections_that_do_not_add_up_are_found(book: Book):
    book.write(PAID).clear(rules=[rule("commission", COMMISSION)])
    database = book.ledger._db  # noqa: SLF001
    with database.write():
        database.execute("drop trigger posting_no_update")
        database.execute(
            "update posting set analytic = '[[1,[\"X\"]]]' where analytic is not null"
        )
    codes = [found.code for found in verify(book.ledger).findings]
    assert codes == ["ANALYTIC_DIFFERS"]


@given(
    st.integers(-(10**12), 10**12),
    st.lists(
        st.tuples(
            st.sampled_from(((), ("A",), ("B", "X"))), st.integers(-9_999, 9_999)
        ),
        max_size=6,
    ),
)
def test_the_parts_of_an_amount_add_up_to_it(
    amount: int, shares: list[tuple[tuple[str, ...], int]]
):
    parts = shared_out(amount, shares)
    turned = shared_out(-amount, shares)
    assert not parts or sum(minor for minor, _ in parts) == amount
    assert [(-minor, said) for minor, said in parts] == turned
