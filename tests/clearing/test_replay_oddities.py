"""Histories with holes and oddities: named with counts and places, the rest replays."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from test_replay import FIRST, SINCE, named, replayed, replayed_past
from test_replay_of_books import codes, paid, past_of, received, sold
from test_rules_when_clearing import rule

from alloc.app.past import Past, past_of_ledger
from alloc.app.replay.oddities import sifted

if TYPE_CHECKING:
    from clearing_book import Book

EURO = {"E1": "EUR"}


def counts(past: Past) -> dict[str, int]:
    return {found.code: found.count for found in past.findings}


def test_days_without_statements_are_named_as_such(book: Book):
    received(book, ("03-01", "10.00", "INV-1"), ("03-30", "60.00", "INV-6"))
    days = {1: "0301", 2: "0310", 3: "0312", 4: "0313", 5: "0320", 6: "0330"}
    text = "".join(
        sold(at, "0301", f"INV-{at}", f"{at}0.00", f"A{at}")
        + paid(10 + at, day, f"{at}0.00", (f"{at}0.00", f"A{at}"))
        for at, day in days.items()
    )
    past = past_of(book, text)
    assert counts(past) == {"STATEMENTS_MISSING": 4}
    assert codes(past) == {"STATEMENTS_MISSING": ("512000 2026-03-10 to 2026-03-20",)}
    assert len(past.settled) == 2, "the rest replays"


def test_one_or_two_receipts_alone_are_no_missing_statement(book: Book):
    received(book, ("03-01", "10.00", "INV-1"))
    text = "".join(
        sold(at, "0301", f"INV-{at}", f"{at}0.00", f"A{at}")
        + paid(10 + at, f"031{at}", f"{at}0.00", (f"{at}0.00", f"A{at}"))
        for at in (2, 3)
    )
    assert counts(past_of(book, text)) == {"RECEIPT_NOT_FOUND": 2}


def test_what_was_cleared_before_it_was_issued_is_not_asked_for(book: Book):
    book.write("item INV-1 120.00 EUR of C-LAC issued 2026-03-09")
    book.write("item INV-2 75.00 EUR of C-LAC issued 2026-03-01")
    book.write(named(10, "B1", "120.00", "INV-1")).clear()
    book.write(named(11, "B2", "75.00", "INV-2")).clear()
    past = past_of_ledger(book.ledger, since=SINCE, until=None)
    early = past.items["issue_date"].to_pylist()
    late = [dt.date(2026, 3, 12) if day.day == 9 else day for day in early]
    at = past.items.schema.get_field_index("issue_date")
    items = past.items.set_column(at, "issue_date", pa.array(late, pa.date32()))
    past = sifted(replace(past, items=items), EURO)
    assert counts(past) == {"CLEARED_BEFORE_ISSUED": 1}
    found = replayed_past(book, past)
    assert (found.outcomes["verdict"].to_pylist(), found.waiting) == (["right"], 1)


def test_money_in_another_currency_is_left_out_and_counted(book: Book):
    book.write(FIRST)
    book.write('payment B1 50.00 USD on 2026-03-06 from C-LAC "INV-1061"')
    book.write(named(6, "B2", "120.00", "INV-1042")).clear()
    past = sifted(past_of_ledger(book.ledger, since=SINCE, until=None), EURO)
    assert counts(past) == {"PAYMENT_ABROAD": 1}
    found = replayed_past(book, past)
    assert (found.outcomes.num_rows, found.waiting) == (1, 0)


def test_nothing_odd_changes_nothing(book: Book):
    book.write(FIRST + "\n" + named(6, "B1", "120.00", "INV-1042")).clear()
    past = past_of_ledger(book.ledger, since=SINCE, until=None)
    same = sifted(past, EURO)
    assert same.findings == ()
    assert same.payments.equals(past.payments)
    assert (same.settled, same.decided_by) == (past.settled, past.decided_by)


def test_a_payment_cleared_against_its_references_is_named_and_counts_as_wrong(
    book: Book,
):
    book.write(FIRST.replace("80.00", "120.00"))
    book.write(named(6, "B1", "120.00", "INV-1042")).clear()
    past = past_of_ledger(book.ledger, since=SINCE, until=None)
    (payment_id,) = past.settled
    turned = {payment_id: Counter({"E1\x1fINV-1055": 12_000})}
    found = replayed_past(book, replace(past, settled=turned))
    (odd,) = found.findings
    assert (odd.code, odd.count, odd.examples) == (
        *("CLEARED_AGAINST_REFERENCES", 1),
        (payment_id,),
    )
    assert found.outcomes["verdict"].to_pylist() == ["wrong"]


def test_a_payment_cleared_against_an_active_rule_is_named(book: Book):
    fee = """
    [when]
    payers = ["C-LAC"]
    [component.fee]
    role = "bank_charges"
    amount = "6.00"
    [[example]]
    name = "one"
    payment = { amount = "114.00", date = 2026-01-01, payer = "C-LAC" }
    items = [{ id = "A", ttc = "120.00" }]
    lines = ["bank_charges 6.00"]
    """
    book.write(FIRST + "\n" + named(6, "B1", "114.00", "INV-1042")).clear()
    past = past_of_ledger(book.ledger, since=SINCE, until=None)
    (payment_id,) = past.payments["payment_id"].to_pylist()
    by_hand = {payment_id: Counter({"E1\x1fINV-1042": 11_400})}
    past = replace(past, settled=by_hand, decided_by={payment_id: "ada"})
    assert replayed_past(book, past).findings == ()
    found = replayed_past(book, past, rules=[rule("fee", fee, posting="auto")])
    assert [one.code for one in found.findings] == ["CLEARED_AGAINST_RULE"]


def numbered(book: Book, *blocks: tuple[str, str, int]) -> Past:
    """Items of an entity: how they are numbered, whose they are, from which month."""
    lines = [
        f"item {name}{at:03} 10.00 EUR of {customer}{at % 7} issued 2026-{month:02}-01"
        for name, customer, month in blocks
        for at in range(60)
    ]
    book.write("\n".join(lines))
    return sifted(past_of_ledger(book.ledger, since=SINCE, until=None), EURO)


def test_a_new_system_in_the_middle_is_named_with_its_day(book: Book):
    past = numbered(
        book,
        *(("FA-2026/", "C-", 1), ("FB-2026/", "C-", 2), ("INV", "4110", 3)),
    )
    assert codes(past) == {
        "REFERENCES_CHANGED": ("E1 2026-03-01",),
        "CUSTOMERS_CHANGED": ("E1 2026-03-01",),
    }


@pytest.mark.parametrize(
    "blocks",
    [
        [("FA-1/", "C-", 1), ("FA-2/", "C-", 2), ("FA-3/", "C-", 3)],
        [("FA-", "C-", 1), ("INV", "C-", 1), ("FA-9", "C-", 2), ("INV9", "C-", 2)],
    ],
)
def test_two_ways_of_numbering_side_by_side_are_no_new_system(
    book: Book, blocks: list[tuple[str, str, int]]
):
    assert numbered(book, *blocks).findings == ()


def test_the_ledger_of_a_replay_that_is_whole_has_no_findings(book: Book):
    book.write(FIRST + "\n" + named(6, "B1", "120.00", "INV-1042")).clear()
    assert replayed(book).findings == ()
