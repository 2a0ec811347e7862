"""What is posted for a payment."""

from __future__ import annotations

import datetime as dt

import pytest
from journal_book import DAY, Book, lines, money, post, read_book

from alloc import engine
from alloc.errors import AllocError, ConflictError, InputError, LimitError


def refusal(book: Book) -> AllocError:
    with pytest.raises(AllocError) as caught:
        book.draft()
    return caught.value


def test_a_transfer_for_three_invoices_and_a_credit_note_is_one_customer_line() -> None:
    got = post("""
        payment B1 1411.13 to C-PR
        item F1 C-PR 148.14 open 148.14
        item F2 C-PR 81.47 open 81.47
        item F3 C-PR 1212.12 open 1212.12
        item AV1 C-PR -30.60 open -30.60
    """)
    assert got == ["512000 D 1411.13", "411000 C-PR C 1411.13 full"]


def test_a_parent_pays_for_two_subsidiaries() -> None:
    got = post("""
        payment B1 900.00 to C-SUB1
        item F1 C-SUB1 600.00 open 600.00
        item F2 C-SUB2 300.00 open 300.00
    """)
    assert got == [
        "512000 D 900.00",
        "411000 C-SUB1 C 600.00 full",
        "411000 C-SUB2 C 300.00 full",
    ]


def test_a_short_payment_leaves_the_rest_on_the_invoice() -> None:
    drafts = read_book("""
        payment B1 1500.00 to C-A
        item F1 C-A 1000.00 open 1000.00
        item F2 C-A 500.00 open 800.00
    """).draft()
    assert lines(drafts) == [
        "512000 D 1500.00",
        "411000 C-A C 1000.00 full",
        "411000 C-A C 500.00 partial",
    ]
    left = drafts.residuals.select(["item_id", "residual_minor"]).to_pylist()
    assert [(row["item_id"], money(row["residual_minor"])) for row in left] == [
        ("F1", "0.00"),
        ("F2", "300.00"),
    ]


def test_what_is_paid_too_much_stays_on_account() -> None:
    drafts = read_book("""
        payment B1 1250.00 to C-A
        item F1 C-A 1200.00 open 1200.00
    """).draft()
    assert lines(drafts) == [
        "512000 D 1250.00",
        "411000 C-A C 1200.00 full",
        "411000 C-A C 50.00 new B1-OA",
    ]
    assert drafts.new_items.to_pylist() == [
        {
            "draft_index": 0,
            "item_id": "B1-OA",
            "entity": "E1",
            "customer_id": "C-A",
            "account": "411000",
            "kind": "on_account",
            "currency": "EUR",
            "open_minor": -5000,
            "issue_date": DAY,
            "reference": "B1",
            "foreign_currency": None,
            "foreign_minor": None,
        }
    ]


def test_an_unknown_payer_goes_to_suspense_and_is_released_later() -> None:
    assert post("payment B1 432.10") == [
        "512000 D 432.10",
        "471000 C 432.10 new B1-SU",
    ]
    book = Book()
    book.payment("B1", 43210, "C-A", kind="release", source_account="471000")
    book.allocate("B1", "F1", (43210, 43210))
    drafts = book.draft()
    assert lines(drafts) == ["471000 D 432.10 full", "411000 C-A C 432.10 full"]
    assert drafts.letter_members["item_id"].to_pylist() == ["B1-SU", "F1"]


def test_an_insurer_keeps_its_commission_and_the_vat_on_it() -> None:
    got = post("""
        payment B1 1140.00 to C-A
        item F1 C-A 1200.00 open 1200.00
        line commission 622200 50.00
        line vat_deductible 445660 10.00
    """)
    assert got == [
        "512000 D 1140.00",
        "622200 D 50.00",
        "445660 D 10.00",
        "411000 C-A C 1200.00 full",
    ]


def test_a_second_payment_completes_the_group_of_the_first() -> None:
    book = Book()
    book.payment("B2", 70000, "C-A")
    book.allocate("B2", "F1", (70000, 70000), letter_group=9, group_open_minor=70000)
    letter = book.draft().letters.to_pylist()[0]
    assert letter["kind"] == "full"
    assert letter["letter_groups"] == [9]


def test_dates_references_and_labels_are_those_of_the_payment() -> None:
    book = Book()
    piece_date = dt.date(2026, 3, 31)
    book.payment(
        "B1", 100, "C-A", piece_date=piece_date, fiscal_year=2026, label="Garage Müller"
    )
    drafts = book.draft()
    assert drafts.entries.to_pylist() == [
        {
            "draft_index": 0,
            "payment_id": "B1",
            "entity": "E1",
            "journal": "BQ1",
            "kind": "clearing",
            "posting_date": DAY,
            "piece_date": piece_date,
            "piece_ref": "B1",
            "label": "Garage Müller",
            "currency": "EUR",
            "fiscal_year": 2026,
            "reverses_seq": None,
        }
    ]
    assert set(drafts.postings["label"].to_pylist()) == {"Garage Müller"}


def test_more_than_the_cash_or_the_open_amount_is_refused_by_name() -> None:
    book = read_book("payment B1 100.00 to C-A\nitem F1 C-A 100.01 open 200.00")
    error = refusal(book)
    assert isinstance(error, InputError)
    assert error.reason == "ALLOCATED_EXCEEDS_CASH"
    assert error.metadata == {"payment_id": "B1", "excess_minor": "1"}
    book = read_book("payment B1 100.00 to C-A\nitem F1 C-A 100.00 open 99.99")
    error = refusal(book)
    assert error.reason == "ALLOCATION_INVALID"
    assert error.metadata["item_id"] == "F1"


def test_a_payment_never_clears_items_of_another_entity() -> None:
    book = Book()
    book.payment("B1", 100, "C-A")
    book.allocate("B1", "F1", (100, 100), entity="E2")
    assert refusal(book).reason == "ENTITY_DIFFERS"


def test_tables_that_break_the_contract_are_refused_by_column_and_row() -> None:
    book = Book()
    book.payment("B1", 100, "C-A", kind="payment")
    error = refusal(book)
    assert error.reason == "VALUE_INVALID"
    assert error.metadata["column"] == "kind"
    assert error.metadata["row"] == "1"
    payments, allocations, adjustments = book.tables()
    with pytest.raises(InputError, match="lettre") as caught:
        engine.draft_entries(
            payments.append_column("lettre", payments["kind"]), allocations, adjustments
        )
    assert caught.value.reason == "COLUMN_UNKNOWN"
    with pytest.raises(InputError) as caught:
        engine.draft_entries(
            payments.drop_columns(["currency"]), allocations, adjustments
        )
    assert caught.value.reason == "COLUMN_MISSING"


def test_the_limit_of_postings_is_named() -> None:
    book = Book()
    count = 10_001
    book.payment("B1", count, "C-A", granularity="per_document")
    for item in range(count):
        book.allocate("B1", f"F{item}", (1, 1))
    error = refusal(book)
    assert isinstance(error, LimitError)
    assert error.reason == "TOO_MANY_POSTINGS"


def test_a_reversal_mirrors_the_entry_and_letters_both_lines() -> None:
    drafts = read_book("payment B1 600.00 to C-A\nitem F1 C-A 600.00 open 600.00")
    posted = engine.seal_entries(
        drafts.draft()
        .entries.drop_columns("fiscal_year")
        .append_column("fiscal_year", [[2026]]),
        drafts.draft().postings,
        first_seq=1,
    )
    postings = drafts.draft().postings.rename_columns({"draft_index": "seq"})
    postings = postings.set_column(0, "seq", [[1, 1]])
    mirror = engine.reverse_entries(
        posted,
        postings,
        posting_date=dt.date(2026, 4, 15),
        label="Extourne {entry}",
        fiscal_year=2026,
    )
    assert lines(mirror) == ["512000 C 600.00", "411000 C-A D 600.00 full"]
    entry = mirror.entries.to_pylist()[0]
    assert entry["label"] == "Extourne BQ1-000001"
    assert entry["kind"] == "reversal"
    assert entry["reverses_seq"] == 1
    assert entry["posting_date"] == dt.date(2026, 4, 15)
    assert mirror.postings["reverses_line_no"].to_pylist() == [1, 2]
    again = posted.set_column(4, "kind", [["reversal"]])
    with pytest.raises(ConflictError) as caught:
        engine.reverse_entries(again, postings, posting_date=DAY, label="x")
    assert caught.value.reason == "REVERSAL_REVERSED"
