from __future__ import annotations

import datetime as dt

import pytest
from store_books import DAY, IBAN, NOW, Books, Line, bank_file, entry_id, source

from alloc.app.ports import PaymentState
from alloc.errors import InputError

BEFORE = DAY - dt.timedelta(days=1)


def texts(books: Books, payment_id: str) -> dict[str, object]:
    rows = books.ledger.payments(states=tuple(PaymentState), payment_ids=[payment_id])
    return rows.to_pylist()[0]


def test_only_booked_credits_become_payments(books: Books) -> None:
    counts = books.receive(
        Line("CREDIT", 12_000),
        Line("DEBIT", -500),
        Line("PENDING", 700, status="pending"),
        Line("REVERSAL", 800, reversal=True),
        Line("ZERO", 0),
    )
    assert (counts.new, counts.aside) == (5, 4)
    rows = books.ledger.payments(states=tuple(PaymentState)).to_pylist()
    assert {row["bank_reference"]: row["aside_reason"] for row in rows} == {
        "CREDIT": None,
        "DEBIT": "DEBIT",
        "PENDING": "PENDING",
        "REVERSAL": "REVERSAL",
        "ZERO": "ZERO",
    }
    assert books.ledger.payments()["bank_reference"].to_pylist() == ["CREDIT"]


def test_the_same_bytes_again_are_known_as_a_whole(books: Books) -> None:
    file = bank_file([Line("B1", 12_000)])
    first = books.ledger.import_bank_file(
        source("day.xml", "bank"), file, entities={IBAN: "E1"}, now=NOW
    )
    again = books.ledger.import_bank_file(
        source("day.xml", "bank"), file, entities={IBAN: "E1"}, now=NOW
    )
    assert again.already_imported
    assert again.imported_at == first.imported_at
    assert books.ledger.imported(source("day.xml", "bank")) == again
    assert books.ledger.counts().files == 1


def test_another_file_with_the_same_entries_adds_nothing(books: Books) -> None:
    lines = [Line("B1", 12_000), Line("B2", 500)]
    books.receive(*lines)
    before = books.ledger.payments()
    counts = books.receive(*lines)
    assert (counts.new, counts.known) == (0, 2)
    assert books.ledger.payments().equals(before)


def test_two_genuine_twins_both_live_and_the_larger_count_wins(books: Books) -> None:
    books.receive(Line("B1", 5_000))
    counts = books.receive(Line("B1", 5_000), Line("B1", 5_000))
    assert (counts.new, counts.known) == (1, 1)
    counts = books.receive(Line("B1", 5_000))
    assert (counts.new, counts.known) == (0, 1)
    assert books.ledger.payments()["amount_minor"].to_pylist() == [5_000, 5_000]


def test_overlapping_statements_merge(books: Books) -> None:
    books.receive(Line("B1", 100, BEFORE), Line("B2", 200))
    counts = books.receive(Line("B2", 200), Line("B3", 300))
    assert (counts.new, counts.known) == (1, 1)
    assert sorted(books.ledger.payments()["amount_minor"].to_pylist()) == [
        100,
        200,
        300,
    ]


@pytest.mark.parametrize("kind", ["notification", "intraday"])
def test_an_announced_entry_becomes_a_payment_once_it_is_booked(
    books: Books, kind: str
) -> None:
    line = Line("B1", 12_000, name="Garage Martin", text=("F1", "F2"))
    books.receive(line, kind=kind)
    assert books.states() == {"B1": "aside"}
    counts = books.receive(Line("B1", 12_000))
    assert (counts.new, counts.changed) == (0, 1)
    row = texts(books, entry_id(Line("B1", 12_000)))
    assert (row["state"], row["aside_reason"]) == ("new", None)
    assert row["payer_name"] == "Garage Martin"
    assert row["remittance_text"] == ["F1", "F2"]


def test_a_pending_entry_becomes_a_payment_once_it_is_booked(books: Books) -> None:
    books.receive(Line("B1", 12_000, status="pending"))
    books.receive(Line("B1", 12_000))
    assert books.states() == {"B1": "new"}


def test_a_notification_fills_what_a_payment_does_not_say(books: Books) -> None:
    payment_id = entry_id(Line("B1", 12_000))
    books.receive(Line("B1", 12_000, text=("KEPT",)))
    reference = {
        "payment_id": payment_id,
        "line_no": 1,
        "reference": "F1",
        "kind": "invoice",
        "amount_minor": 12_000,
    }
    books.receive(
        Line("B1", 12_000, name="Garage Martin", text=("OTHER",)),
        kind="notification",
        references=[reference],
    )
    row = texts(books, payment_id)
    assert (row["state"], row["payer_name"]) == ("new", "Garage Martin")
    assert row["remittance_text"] == ["KEPT"]
    assert books.ledger.remittances()["reference"].to_pylist() == ["F1"]


def test_an_entry_known_as_a_whole_is_not_counted_again_by_its_details(
    books: Books,
) -> None:
    books.receive(Line("B1", 300))
    counts = books.receive(Line("B1", 300, details=(100, 200)))
    assert (counts.new, counts.known) == (0, 2)
    assert {notice.code for notice in counts.notices} == {"DETAILS_DIFFER"}
    assert books.ledger.payments()["amount_minor"].to_pylist() == [300]


def test_an_entry_known_by_its_details_is_not_counted_again_as_a_whole(
    books: Books,
) -> None:
    books.receive(Line("B1", 300, details=(100, 200)))
    assert books.receive(Line("B1", 300)).new == 0
    assert books.receive(Line("B1", 300, details=(100, 100, 100))).new == 0
    assert books.ledger.payments()["amount_minor"].to_pylist() == [100, 200]


def test_details_of_a_notification_do_not_hide_the_statement(books: Books) -> None:
    books.receive(Line("B1", 300, details=(100, 200)), kind="notification")
    assert books.receive(Line("B1", 300)).new == 1
    assert books.ledger.payments()["amount_minor"].to_pylist() == [300]


def test_an_account_of_nobody_is_refused_and_nothing_is_stored(books: Books) -> None:
    with pytest.raises(InputError) as refused:
        books.receive(Line("B1", 100), Line("B2", 100, account="DE-UNKNOWN"))
    assert refused.value.reason == "ACCOUNT_UNKNOWN"
    assert refused.value.metadata["account"] == "DE-UNKNOWN"
    assert books.ledger.counts().files == 0


def test_an_amount_that_cannot_be_real_is_refused(books: Books) -> None:
    with pytest.raises(InputError) as refused:
        books.receive(Line("B1", 2**63 - 1))
    assert refused.value.reason == "AMOUNT_TOO_LARGE"


def test_a_bank_file_without_entries_is_an_import(books: Books) -> None:
    counts = books.receive()
    assert (counts.read, counts.new) == (0, 0)
    assert len(books.ledger.statements()) == 1


def test_payments_are_filtered_by_date_entity_and_id(books: Books) -> None:
    books.receive(
        Line("B1", 100, BEFORE), Line("B2", 200), Line("B3", 300, account="OTHER")
    )

    def amounts(**which: object) -> list[int]:
        return sorted(books.ledger.payments(**which)["amount_minor"].to_pylist())

    assert amounts(until=BEFORE) == [100]
    assert amounts(entity="E2") == [300]
    assert amounts(payment_ids=[entry_id(Line("B2", 200))]) == [200]
    assert amounts(states=()) == []
