"""Advices find the payment they are for, or stay open."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from alloc.app.advice_linking import ADVICE_DAYS_MAX
from alloc.app.advices import link_advices, notification_advices

NOW = dt.datetime(2026, 3, 2, 6, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 1)

Row = dict[str, Any]


class Book:
    """A ledger with advices and payments only."""

    def __init__(self, advices: list[Row], payments: list[Row]) -> None:
        self._advices = [_advice(**advice) for advice in advices]
        self._payments = [_payment(**payment) for payment in payments]

    def advices(self, *, linked: bool | None = None) -> pa.Table:
        rows = [
            row for row in self._advices if (row["payment_id"] is not None) == linked
        ]
        return pa.Table.from_pylist(rows, schema=ADVICES)

    def advised_payments(self) -> pa.Table:
        linked = self.advices(linked=True)
        return linked.select(["payment_id"])

    def customers(self) -> pa.Table:
        raise AssertionError("no advice names its customer")

    def payments(self, **_: object) -> pa.Table:
        return pa.Table.from_pylist(self._payments, schema=PAYMENTS)

    def link_advices(self, links: pa.Table, *, now: dt.datetime) -> int:
        assert now == NOW
        self.links = {row["advice_id"]: row["payment_id"] for row in links.to_pylist()}
        return links.num_rows


ADVICES = pa.schema(
    [
        ("advice_id", pa.string()),
        ("entity", pa.string()),
        ("customer_id", pa.string()),
        ("payer_name", pa.string()),
        ("payer_iban", pa.string()),
        ("payment_reference", pa.string()),
        ("payment_date", pa.date32()),
        ("currency", pa.string()),
        ("total_minor", pa.int64()),
        ("lines_minor", pa.int64()),
        ("line_count", pa.int64()),
        ("payment_id", pa.string()),
    ]
)
PAYMENTS = pa.schema(
    [
        ("payment_id", pa.string()),
        ("entity", pa.string()),
        ("payer_name", pa.string()),
        ("payer_iban", pa.string()),
        ("booking_date", pa.date32()),
        ("currency", pa.string()),
        ("amount_minor", pa.int64()),
        ("end_to_end_id", pa.string()),
        ("bank_reference", pa.string()),
        ("creditor_reference", pa.string()),
        ("remittance_text", pa.list_(pa.string())),
    ]
)


def _advice(**said: object) -> Row:
    return {"currency": "EUR", "line_count": 1, **dict.fromkeys(["payment_id"]), **said}


def _payment(**said: object) -> Row:
    return {"entity": "E01", "booking_date": DAY, "currency": "EUR", **said}


def linked(advices: list[Row], payments: list[Row]) -> dict[str, str]:
    book = Book(advices, payments)
    book.links = {}
    count = link_advices(book, now=NOW)  # type: ignore[arg-type]
    assert count == len(book.links)
    return book.links


def test_an_advice_goes_to_the_payment_with_its_end_to_end_id() -> None:
    assert linked(
        [{"advice_id": "A", "payment_reference": "PAY-2026/17", "total_minor": 999}],
        [
            {"payment_id": "P1", "end_to_end_id": "PAY 2026 17", "amount_minor": 1000},
            {"payment_id": "P2", "end_to_end_id": "OTHER", "amount_minor": 999},
        ],
    ) == {"A": "P1"}


def test_of_two_payments_with_one_reference_the_total_decides() -> None:
    payments = [
        {"payment_id": "P1", "creditor_reference": "RF18X", "amount_minor": 1000},
        {"payment_id": "P2", "creditor_reference": "RF18X", "amount_minor": 999},
    ]
    advice = {"advice_id": "A", "payment_reference": "RF18X"}
    assert linked([{**advice, "total_minor": 999}], payments) == {"A": "P2"}
    assert linked([{**advice, "total_minor": 500}], payments) == {}


def test_a_reference_that_says_nothing_is_none() -> None:
    advice = {"advice_id": "A", "payment_reference": "NOTPROVIDED", "total_minor": 5}
    payment = {"payment_id": "P", "end_to_end_id": "NOTPROVIDED", "amount_minor": 9}
    assert linked([advice], [payment]) == {}


def test_details_of_one_booking_go_to_its_payment_together() -> None:
    advices = [
        {"advice_id": "A", "payment_reference": "B77", "total_minor": 300},
        {"advice_id": "B", "payment_reference": "B77", "total_minor": 700},
    ]
    whole = [{"payment_id": "P", "bank_reference": "B77", "amount_minor": 1000}]
    apart = [
        {"payment_id": "P-1", "bank_reference": "B77", "amount_minor": 300},
        {"payment_id": "P-2", "bank_reference": "B77", "amount_minor": 700},
    ]
    other = [{"payment_id": "P", "bank_reference": "B77", "amount_minor": 999}]
    assert linked(advices, whole) == {"A": "P", "B": "P"}
    assert linked(advices, apart) == {"A": "P-1", "B": "P-2"}
    assert linked(advices, other) == {}


def test_of_two_forms_of_one_advice_the_longer_one_counts() -> None:
    advices = [
        {"advice_id": "A", "payment_reference": "E2E", "total_minor": 900},
        {
            "advice_id": "B",
            "payment_reference": "E2E",
            "total_minor": 900,
            "line_count": 612,
        },
    ]
    payment = {"payment_id": "P", "end_to_end_id": "E2E", "amount_minor": 900}
    assert linked(advices, [payment]) == {"B": "P"}


def test_a_reference_inside_the_text_needs_the_exact_total() -> None:
    text = {"remittance_text": ["VIR AVIS 4711", "-0815 MERCI"], "amount_minor": 900}
    advice = {"advice_id": "A", "payment_reference": "4711-0815"}
    payments = [{"payment_id": "P", **text}, {"payment_id": "Q", "amount_minor": 900}]
    assert linked([{**advice, "total_minor": 900}], payments) == {"A": "P"}
    assert linked([{**advice, "total_minor": 901}], payments) == {}


def test_the_total_alone_needs_a_near_date() -> None:
    payment = {"payment_id": "P", "amount_minor": 900}
    near = DAY - dt.timedelta(days=ADVICE_DAYS_MAX)
    far = near - dt.timedelta(days=1)
    advice = {"advice_id": "A", "lines_minor": 900}
    assert linked([{**advice, "payment_date": near}], [payment]) == {"A": "P"}
    assert linked([{**advice, "payment_date": far}], [payment]) == {}
    assert linked([advice], [payment]) == {}


def test_without_a_date_the_iban_of_the_payer_must_be_the_same() -> None:
    advice = {"advice_id": "A", "total_minor": 900, "payer_iban": "DE1"}
    payment = {"payment_id": "P", "amount_minor": 900}
    assert linked([advice], [{**payment, "payer_iban": "DE1"}]) == {"A": "P"}
    assert linked([advice], [{**payment, "payer_iban": "DE2"}]) == {}
    assert linked([advice], [payment]) == {}


def test_what_fits_twice_stays_open() -> None:
    advice = {"advice_id": "A", "total_minor": 900, "payment_date": DAY}
    payment = {"payment_id": "P", "amount_minor": 900}
    assert linked([advice], [payment, {**payment, "payment_id": "Q"}]) == {}
    assert linked([advice, {**advice, "advice_id": "B"}], [payment]) == {}


def test_another_entity_or_currency_never_fits() -> None:
    payment = {"payment_id": "P", "end_to_end_id": "E2E", "amount_minor": 900}
    advice = {"advice_id": "A", "payment_reference": "E2E", "total_minor": 900}
    assert linked([{**advice, "entity": "E02"}], [payment]) == {}
    assert linked([{**advice, "currency": "CHF"}], [payment]) == {}


def test_a_payment_with_an_advice_takes_no_second_one() -> None:
    advices = [
        {"advice_id": "A", "payment_id": "P"},
        {"advice_id": "B", "payment_reference": "E2E", "total_minor": 900},
    ]
    payment = {"payment_id": "P", "end_to_end_id": "E2E", "amount_minor": 900}
    assert linked(advices, [payment]) == {}


def test_a_payment_that_a_reference_found_is_not_found_by_its_total_again() -> None:
    advices = [
        {"advice_id": "A", "payment_reference": "E2E", "total_minor": 900},
        {"advice_id": "B", "total_minor": 900, "payment_date": DAY},
    ]
    payment = {"payment_id": "P", "end_to_end_id": "E2E", "amount_minor": 900}
    assert linked(advices, [payment]) == {"A": "P"}


# Notifications

STATEMENTS = pa.table(
    {"statement_index": [0, 1], "kind": ["notification", "statement"]}
)


def _entry(**said: object) -> Row:
    return {
        "statement_index": 0,
        "payment_id": "P1",
        "detail_count": 1,
        "account": "FR1",
        "booking_date": DAY,
        "currency": "EUR",
        "amount_minor": 900,
        "reversal": False,
        "bank_reference": "B77",
        "end_to_end_id": "E2E",
        "creditor_reference": None,
        "counterparty_name": "Leasing SA",
        "counterparty_iban": "FR2",
        "remittance_text": ["merci"],
        **said,
    }


ENTRIES = pa.schema(
    [
        ("statement_index", pa.int64()),
        ("payment_id", pa.string()),
        ("detail_count", pa.int64()),
        ("account", pa.string()),
        ("booking_date", pa.date32()),
        ("currency", pa.string()),
        ("amount_minor", pa.int64()),
        ("reversal", pa.bool_()),
        ("bank_reference", pa.string()),
        ("end_to_end_id", pa.string()),
        ("creditor_reference", pa.string()),
        ("counterparty_name", pa.string()),
        ("counterparty_iban", pa.string()),
        ("remittance_text", pa.list_(pa.string())),
    ]
)


def notified(entries: list[Row], references: list[Row]) -> list[Row]:
    documents = pa.Table.from_pylist(
        references,
        schema=pa.schema(
            [
                ("payment_id", pa.string()),
                ("line_no", pa.int64()),
                ("reference", pa.string()),
                ("amount_minor", pa.int64()),
                ("deduction_minor", pa.int64()),
                ("reason", pa.string()),
            ]
        ),
    )
    table = pa.Table.from_pylist(entries, schema=ENTRIES)
    return notification_advices(
        STATEMENTS, table, documents, {"FR1": "E01"}
    ).to_pylist()


def test_the_documents_of_a_notification_become_an_advice() -> None:
    lines = notified(
        [_entry(), _entry(payment_id="P2", statement_index=1)],
        [
            {"payment_id": "P1", "reference": "F1", "amount_minor": 1000},
            {
                "payment_id": "P1",
                "reference": "A1",
                "amount_minor": -100,
                "deduction_minor": 3,
                "reason": "SCONTO",
            },
            {"payment_id": "P2", "reference": "F2", "amount_minor": 900},
        ],
    )
    assert [
        (row["line_no"], row["reference"], row["amount_minor"]) for row in lines
    ] == [
        (1, "F1", 1000),
        (2, "A1", -100),
    ]
    assert (lines[1]["deduction_minor"], lines[1]["reason"]) == (3, "SCONTO")
    assert {row["payment_reference"] for row in lines} == {"E2E"}
    assert {row["total_minor"] for row in lines} == {900}
    assert lines[0]["entity"] == "E01"


def test_a_notification_that_names_nothing_is_no_advice() -> None:
    assert notified([_entry()], []) == []


def test_every_detail_of_a_notified_batch_is_an_advice_under_its_bank_reference() -> (
    None
):
    lines = notified(
        [
            _entry(detail_count=2, payment_id="P1-1", amount_minor=300),
            _entry(
                detail_count=2,
                payment_id="P1-2",
                amount_minor=600,
                creditor_reference="RF18",
            ),
        ],
        [],
    )
    said = [(row["advice"], row["reference"], row["amount_minor"]) for row in lines]
    assert said == [("P1-1", "merci", 300), ("P1-2", "RF18", 600)]
    assert {row["payment_reference"] for row in lines} == {"B77"}


def test_notified_debits_and_reversals_are_no_advices() -> None:
    document = [{"payment_id": "P1", "reference": "F1", "amount_minor": 900}]
    assert notified([_entry(amount_minor=-900)], document) == []
    assert notified([_entry(reversal=True)], document) == []
