"""What was collected of each invoice by VAT rate, and taken back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clearing_book import NOW, Book, major
from hypothesis import given
from hypothesis import strategies as st
from test_rules_when_clearing import returned_payment, rule

from alloc.app.collected import _Invoice, collected
from alloc.app.ports import DecisionFilter, DecisionState, JournalFilter
from alloc.app.reverse import reverse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alloc.app.collected import Collected

INVOICE = "item INV-1042 1200.00 EUR of C-LAC vat 20%=200.00"


def told(book: Book, **which: int) -> list[str]:
    return [said(row) for row in collected(book.ledger, JournalFilter(**which))]


def said(row: Collected) -> str:
    rates = "no rates"
    if row.rates is not None:
        rates = ", ".join(
            f"{part.rate_bps // 100}% {major(part.amount_minor)}"
            f" with {major(part.vat_minor)}"
            for part in row.rates
        )
    undoes = f" undoes {row.undoes_seq}" if row.undoes_seq else ""
    amount = major(row.amount_minor)
    return f"{row.seq} {row.date} {row.kind} {amount}: {rates}{undoes}"


def pay(book: Book, *payments: tuple[str, str, str]) -> None:
    for reference, amount, day in payments:
        book.write(
            f"payment {reference} {amount} EUR on {day} from C-LAC "
            f'"INV-1042" e2e {reference}'
        )
        book.clear(rules=[rule("short", "", base="short-payment")])


def test_three_payments_of_an_invoice_add_up_to_the_cent(book: Book):
    book.write(INVOICE)
    pay(
        book,
        ("B1", "400.00", "2026-03-02"),
        ("B2", "400.00", "2026-03-09"),
        ("B3", "400.00", "2026-03-16"),
    )
    assert told(book) == [
        "1 2026-03-02 collection 400.00: 20% 400.00 with 66.67",
        "2 2026-03-09 collection 400.00: 20% 400.00 with 66.66",
        "3 2026-03-16 collection 400.00: 20% 400.00 with 66.67",
    ]
    assert told(book, since_seq=2) == told(book)[2:]


def test_an_invoice_of_two_rates_is_split_by_rate(book: Book):
    book.write("item INV-1042 1160.00 EUR of C-LAC vat 20%=120.00,10%=40.00")
    pay(book, ("B1", "1160.00", "2026-03-02"))
    (only,) = told(book)
    assert only.endswith("1160.00: 10% 440.00 with 40.00, 20% 720.00 with 120.00")


def test_what_was_paid_before_the_invoice_came_here_is_not_told_again(book: Book):
    book.write("item INV-1042 800.00 EUR of C-LAC of total 1200.00 vat 20%=200.00")
    pay(book, ("B1", "400.00", "2026-03-02"))
    assert told(book) == ["1 2026-03-02 collection 400.00: 20% 400.00 with 66.66"]


def test_a_payment_that_the_bank_takes_back_is_taken_back(book: Book):
    book.write(INVOICE.replace("1200.00", "120.00").replace("200.00", "20.00"))
    pay(book, ("B1", "120.00", "2026-03-06"))
    book.write(
        'payment B2 -124.50 EUR on 2026-03-10 from C-LAC "REJET PRLV AM04" e2e B1'
    )
    book.clear(rules=[returned_payment()])
    assert told(book) == [
        "1 2026-03-06 collection 120.00: 20% 120.00 with 20.00",
        "2 2026-03-10 reversal -120.00: 20% -120.00 with -20.00 undoes 1",
    ]


def test_a_decision_that_is_undone_is_taken_back(book: Book):
    book.write(INVOICE)
    pay(book, ("B1", "400.00", "2026-03-02"))
    everything = DecisionFilter(states=(DecisionState.POSTED,))
    (decision,) = book.ledger.decisions(everything).decisions.to_pylist()
    reverse(
        *(book.ledger, book.settings, decision["decision_id"]),
        decided_by="ada",
        now=NOW,
    )
    day = NOW.date()
    assert told(book)[1:] == [
        f"2 {day} reversal -400.00: 20% -400.00 with -66.67 undoes 1"
    ]
    pay(book, ("B2", "1200.00", "2026-03-30"))
    assert told(book)[-1].endswith("20% 1200.00 with 200.00")


def test_a_discount_is_not_collected(book: Book):
    book.write(INVOICE)
    pay_less = 'payment B1 1176.00 EUR on 2026-01-05 from C-LAC "INV-1042"'
    book.write(pay_less)
    book.clear(rules=[rule("discount", "", base="discount")])
    assert book.open_items() == {}
    assert told(book) == ["1 2026-01-05 collection 1176.00: 20% 1176.00 with 196.00"]


def test_an_invoice_without_vat_is_told_without_rates(book: Book):
    book.write("item INV-1042 100.00 EUR of C-LAC")
    pay(book, ("B1", "100.00", "2026-03-02"))
    assert told(book) == ["1 2026-03-02 collection 100.00: no rates"]


def parts_of(lines: Iterable[tuple[int, int]]) -> list[dict[str, int]]:
    return [
        {"rate_bps": rate, "base_minor": base, "vat_minor": base * rate // 10_000}
        for rate, base in lines
    ]


RATES = st.lists(
    st.tuples(st.sampled_from([0, 550, 1000, 2000]), st.integers(1, 10**9)),
    min_size=1,
    max_size=4,
    unique_by=lambda line: line[0],
)


@given(RATES, st.lists(st.integers(-(10**9), 10**9), max_size=8))
def test_rates_add_up_to_each_amount_and_everything_to_the_vat(
    lines: list[tuple[int, int]], amounts: list[int]
):
    vat = parts_of(lines)
    whole = sum(line["base_minor"] + line["vat_minor"] for line in vat)
    row = {"vat": vat, "total_minor": whole, "imported_minor": whole}
    invoice = _Invoice.of(row)
    last = whole - sum(amounts)
    told_parts = [invoice.collect(amount) for amount in [*amounts, last]]
    for amount, parts in zip([*amounts, last], told_parts, strict=True):
        assert parts is not None
        assert sum(part.amount_minor for part in parts) == amount
    for at, line in enumerate(sorted(vat, key=lambda line: line["rate_bps"])):
        of_rate = [parts[at] for parts in told_parts if parts]
        assert sum(part.vat_minor for part in of_rate) == line["vat_minor"]
        gross = line["base_minor"] + line["vat_minor"]
        assert sum(part.amount_minor for part in of_rate) == gross


def test_dates_are_those_of_the_bank(book: Book):
    book.write(INVOICE)
    pay(book, ("B1", "1200.00", "2026-03-02"))
    (row,) = collected(book.ledger, JournalFilter())
    assert (row.invoice, row.date) == ("INV-1042", dt.date(2026, 3, 2))
