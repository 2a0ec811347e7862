"""A day is cleared: what posts, what waits, and what the books look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alloc.app.reverse import reverse
from alloc.app.review import Items, OnAccount, Rank, accept, refuse
from alloc.errors import ConflictError, InputError, NotFoundError

if TYPE_CHECKING:
    from clearing_book import Book

from clearing_book import NOW

ALICE = {"decided_by": "alice", "now": NOW}


def test_a_named_invoice_paid_in_full_is_posted_and_lettered(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    report = book.clear()
    assert report.totals() == {("auto", "EUR"): (1, 10000)}
    assert book.entries() == (
        "BQ1-000001 clearing\n  512000 D 100.00\n  411000 ACME C 100.00 (AAA)"
    )
    assert book.open_items() == {}
    assert book.verified()


def test_a_credit_note_is_cleared_with_its_invoice(book: Book) -> None:
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        item     AV100017  -120.00 EUR  of ACME
        payment  B1        1080.00 EUR  on 2026-03-02  from ACME  "FA100234 AV100017"
    """)
    book.clear()
    assert "411000 ACME C 1080.00 (AAA)" in book.entries()
    assert book.open_items() == {}
    assert book.verified()


def test_a_permitted_deduction_is_booked_with_its_invoice(book: Book) -> None:
    book.toml = book.toml.replace(
        "amount_only = false", 'amount_only = false\ndeductions = ["commission"]'
    )
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        1156.80 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    assert book.entries() == (
        "BQ1-000001 clearing\n"
        "  512000 D 1156.80\n"
        "  622200 D 36.00\n"
        "  445860 D 7.20\n"
        "  411000 ACME C 1200.00 (AAA)"
    )
    assert book.open_items() == {}
    assert book.verified()


def test_a_deduction_that_is_not_permitted_waits(book: Book) -> None:
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        1156.80 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    assert book.states() == {"B1": "review"}
    assert book.open_items() == {"FA100234": "1200.00"}


def test_an_unknown_payer_goes_to_suspense_once(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        432.10 EUR  on 2026-03-02  from STRANGER  "MERCI"
    """)
    book.clear()
    assert book.entries() == (
        "BQ1-000001 suspense\n  512000 D 432.10\n  471000 C 432.10"
    )
    assert book.states() == {"B1": "suspense"}
    before = book.entries()
    book.clear()
    assert book.entries() == before
    assert book.verified()


def test_a_parked_payment_is_released_when_its_invoice_arrives(book: Book) -> None:
    book.write("""
        payment  B1  432.10 EUR  on 2026-03-02  from STRANGER  "FACTURE FA100234"
    """)
    book.clear()
    assert book.states() == {"B1": "suspense"}
    book.write("""
        item     FA100234  432.10 EUR  of ACME  issued 2026-03-03
        payment  B2        1.00 EUR    on 2026-03-04  from OTHER  "X"
    """)
    book.clear()
    assert (
        "OD-000001 release\n  471000 D 432.10 (AAA)\n  411000 ACME C 432.10 (AAA)"
    ) in book.entries()
    assert book.states()["B1"] == "posted"
    assert book.verified()


def test_running_the_same_day_again_posts_nothing(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    before = book.entries()
    report = book.clear()
    assert report.entries == 0
    assert book.entries() == before


def test_a_dry_run_decides_and_keeps_nothing(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    report = book.clear(dry_run=True)
    assert report.totals() == {("auto", "EUR"): (1, 10000)}
    assert book.entries() == ""
    assert book.states() == {"B1": "new"}


def test_an_invoice_issued_later_cannot_be_paid_today(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME  issued 2026-03-10
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
        payment  B2        5.00 EUR    on 2026-03-12  from ACME  "ACOMPTE"
    """)
    report = book.clear()
    outcomes = dict(
        zip(
            report.outcomes["amount_minor"].to_pylist(),
            report.outcomes["outcome"].to_pylist(),
            strict=True,
        )
    )
    assert outcomes[10000] != "auto"


def test_payments_booked_after_the_given_day_wait(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
        payment  B2        7.00 EUR    on 2026-03-03  from ACME  "FACT FA100234"
    """)
    report = book.clear(until=NOW.date().replace(day=2))
    assert report.outcomes.num_rows == 1
    assert book.states()["B2"] == "new"


def test_a_short_payment_is_proposed_and_accepted_by_a_person(book: Book) -> None:
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        500.00 EUR   on 2026-03-02  from ACME  "ACPT FA100234"
    """)
    book.clear()
    assert book.states() == {"B1": "review"}
    accept(book.ledger, book.settings, book.payment_id("B1"), Rank(0), **ALICE)
    assert book.entries() == (
        "BQ1-000001 clearing\n  512000 D 500.00\n  411000 ACME C 500.00 (aaa)"
    )
    assert book.open_items() == {"FA100234": "700.00"}
    assert book.verified()


def test_completing_a_partial_payment_gives_all_members_a_capital_letter(
    book: Book,
) -> None:
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        500.00 EUR   on 2026-03-02  from ACME  "ACPT FA100234"
    """)
    book.clear()
    accept(book.ledger, book.settings, book.payment_id("B1"), Rank(0), **ALICE)
    book.write("""
        payment  B2        700.00 EUR   on 2026-03-09  from ACME  "SOLDE FA100234"
    """)
    book.clear()
    lines = [line for line in book.entries().splitlines() if "411000" in line]
    assert lines == [
        "  411000 ACME C 500.00 (AAA)",
        "  411000 ACME C 700.00 (AAA)",
    ]
    assert book.verified()


def test_a_person_chooses_items_and_the_rest_stays_on_account(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        item     FA100235  200.00 EUR  of ACME
        payment  B1        250.00 EUR  on 2026-03-02  from ACME  "MERCI FA100234"
    """)
    book.clear()
    choice = Items({"FA100235": None}, on_account_of="ACME")
    accept(book.ledger, book.settings, book.payment_id("B1"), choice, **ALICE)
    assert book.entries() == (
        "BQ1-000001 clearing\n"
        "  512000 D 250.00\n"
        "  411000 ACME C 200.00 (AAA)\n"
        "  411000 ACME C 50.00"
    )
    assert sorted(book.open_items().values()) == ["-50.00", "100.00"]
    assert book.verified()


def test_a_parked_payment_is_put_on_account_of_its_customer(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        432.10 EUR  on 2026-03-02  from STRANGER  "MERCI"
    """)
    book.clear()
    accept(
        book.ledger, book.settings, book.payment_id("B1"), OnAccount("ACME"), **ALICE
    )
    assert book.entries().splitlines()[3:] == [
        "OD-000001 release",
        "  471000 D 432.10 (AAA)",
        "  411000 ACME C 432.10",
    ]
    assert book.verified()


def test_a_refused_match_is_never_proposed_again(book: Book) -> None:
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        500.00 EUR   on 2026-03-02  from ACME  "ACPT FA100234"
    """)
    book.clear()
    payment_id = book.payment_id("B1")
    assert refuse(book.ledger, payment_id, reason="NOT_THIS_ONE", **ALICE) == 1
    for _ in range(2):
        book.clear()
        tables = book.ledger.decisions()
        assert "FA100234" not in tables.allocations["item_id"].to_pylist()
    assert book.states() == {"B1": "review"}
    assert book.verified()


def test_a_reversal_reopens_exactly_its_items(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        item     FA100235  200.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
        payment  B2        200.00 EUR  on 2026-03-02  from ACME  "FACT FA100235"
    """)
    book.clear()
    decisions = book.ledger.history()
    assert book.open_items() == {}
    assert decisions.num_rows == 2
    number = _decision_of(book, "B1")
    reverse(book.ledger, book.settings, number, **ALICE)
    assert book.open_items() == {"FA100234": "100.00"}
    assert book.states() == {"B1": "review", "B2": "posted"}
    assert book.verified()


def test_what_was_reversed_does_not_post_by_itself_again(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    reverse(book.ledger, book.settings, _decision_of(book, "B1"), **ALICE)
    report = book.clear()
    assert report.entries == 0
    assert book.states() == {"B1": "review"}


def test_a_reversed_payment_may_be_posted_otherwise_by_a_person(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        item     FA100299  100.00 EUR  of BOLT
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    reverse(book.ledger, book.settings, _decision_of(book, "B1"), **ALICE)
    choice = Items({"FA100299": None})
    accept(book.ledger, book.settings, book.payment_id("B1"), choice, **ALICE)
    assert book.open_items() == {"FA100234": "100.00"}
    assert book.verified()


def test_a_posted_payment_cannot_be_decided_twice(book: Book) -> None:
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    with pytest.raises(ConflictError, match="alloc reverse") as caught:
        accept(book.ledger, book.settings, book.payment_id("B1"), Rank(0), **ALICE)
    assert caught.value.reason == "PAYMENT_DECIDED"


def test_unknown_payments_ranks_items_and_customers_are_named(book: Book) -> None:
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        500.00 EUR   on 2026-03-02  from ACME  "ACPT FA100234"
    """)
    book.clear()
    payment_id = book.payment_id("B1")
    for who, choice, reason in (
        ("PNOBODY", Rank(0), "PAYMENT_UNKNOWN"),
        (payment_id, Rank(99), "RANK_UNKNOWN"),
        (payment_id, Items({"FA999999": None}), "ITEM_UNKNOWN"),
        (payment_id, OnAccount("NOBODY"), "CUSTOMER_UNKNOWN"),
    ):
        with pytest.raises(NotFoundError) as caught:
            accept(book.ledger, book.settings, who, choice, **ALICE)
        assert caught.value.reason == reason
    assert book.states() == {"B1": "review"}


def test_a_closed_period_moves_the_entry_and_keeps_the_bank_date(book: Book) -> None:
    book.toml = book.toml.replace(
        'siren = "732829320"', 'siren = "732829320"\nlocked_until = 2026-03-31'
    )
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    entry = book.ledger.journal().entries.to_pylist()[0]
    assert str(entry["posting_date"]) == "2026-04-01"
    assert str(entry["piece_date"]) == "2026-03-02"


def _decision_of(book: Book, reference: str) -> int:
    payment_id = book.payment_id(reference)
    allocations = book.ledger.journal().allocations
    at = allocations["payment_id"].to_pylist().index(payment_id)
    return allocations["decision_id"][at].as_py()


def test_money_in_another_currency_than_the_books_waits_for_a_person(
    book: Book,
) -> None:
    book.toml = book.toml.replace(
        'siren = "732829320"', 'siren = "732829320"\ncurrency = "CHF"'
    )
    book.write("""
        item     FA100234  100.00 EUR  of ACME
        payment  B1        100.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
        payment  B2        432.10 EUR  on 2026-03-02  from STRANGER  "MERCI"
    """)
    report = book.clear()
    assert report.totals() == {("review", "EUR"): (2, 53210)}
    assert book.entries() == ""
    with pytest.raises(InputError, match="books of E1 are in CHF") as caught:
        accept(book.ledger, book.settings, book.payment_id("B1"), Rank(0), **ALICE)
    assert caught.value.reason == "CURRENCY_NOT_OF_BOOKS"
