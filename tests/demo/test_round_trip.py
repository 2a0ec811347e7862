from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from alloc.demo.book import STRANGER, BankDay, Detail, bank_days, identities
from alloc.demo.texts import NOT_PROVIDED
from alloc.engine import read_bank_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo_case import Demo

CAMT = ("camt.053.001.02", "camt.053.001.08")


@pytest.fixture(scope="module")
def read(day: Demo) -> dict[str, list[dict[str, Any]]]:
    """Read all statements of the day: rows by table."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for path in day.inbox("*_3_statement_*"):
        found = read_bank_file(path.read_bytes(), name=path.name)
        for name in ("statements", "entries", "references", "warnings"):
            rows = pa.table(getattr(found, name)).to_pylist()
            tables.setdefault(name, []).extend(rows)
    return tables


def booked(day: Demo) -> Iterator[tuple[BankDay, int, Detail]]:
    for statements in bank_days(day.plan):
        for statement in statements:
            for number, entry in enumerate(statement.entries):
                for detail in entry.details:
                    yield statement, number, detail


def letters(text: str) -> str:
    """Leave out what the cutting into lines may change."""
    return re.sub(r"\s", "", text)


def test_the_reader_finds_no_fault_in_the_files(
    read: dict[str, list[dict[str, Any]]],
) -> None:
    assert read["warnings"] == []
    assert {row["difference_minor"] for row in read["statements"]} == {0}


def test_the_reader_finds_exactly_the_entries_of_the_books(
    day: Demo, read: dict[str, list[dict[str, Any]]]
) -> None:
    written = [
        (
            statement.account.iban,
            statement.day,
            entry.amount_minor,
            detail.amount_minor if detail else entry.amount_minor,
            entry.bank_reference or None,
            entry.operation == "return",
        )
        for statements in bank_days(day.plan)
        for statement in statements
        for entry in statement.entries
        for detail in entry.details or [None]
    ]
    found = [
        (
            row["account"],
            row["booking_date"],
            row["entry_amount_minor"],
            row["amount_minor"],
            row["bank_reference"],
            row["reversal"],
        )
        for row in read["entries"]
    ]
    assert sorted(found, key=str) == sorted(written, key=str)


def test_the_truth_names_payments_as_the_reader_does(
    day: Demo, read: dict[str, list[dict[str, Any]]]
) -> None:
    amounts = {row["payment_id"]: row["amount_minor"] for row in read["entries"]}
    assert len(amounts) == len(read["entries"])
    for row in day.truth.payments.to_pylist():
        assert amounts[row["payment_id"]] == row["amount_minor"]


def test_names_texts_and_numbers_arrive(
    day: Demo, read: dict[str, list[dict[str, Any]]]
) -> None:
    rows = {row["payment_id"]: row for row in read["entries"]}
    messages = {
        detail.payment: (statement.account.bank.format, detail.message)
        for statement, _, detail in booked(day)
        if detail.payment != STRANGER
    }
    for statements in bank_days(day.plan):
        for identity in (i for s in statements for i in identities(s)):
            row = rows[identity.payment_id]
            bank_format, message = messages[identity.payment]
            assert row["counterparty_name"] == message.name
            iban = None if bank_format == "cfonb120" else message.iban
            assert row["counterparty_iban"] == iban
            own = message.end_to_end_id
            assert row["end_to_end_id"] == (None if own == NOT_PROVIDED else own)
            said = letters("".join(message.lines))
            arrived = letters("".join(row["remittance_text"]))
            if bank_format in CAMT:
                assert row["remittance_text"] == message.lines
            else:
                assert arrived.endswith(said or message.creditor_reference)


def test_structured_remittances_arrive(
    day: Demo, read: dict[str, list[dict[str, Any]]]
) -> None:
    ids = {
        identity.payment: identity.payment_id
        for statements in bank_days(day.plan)
        for statement in statements
        for identity in identities(statement)
    }
    written = [
        (
            ids[detail.payment],
            mention.reference,
            "credit_note" if mention.credit_note else "invoice",
            mention.amount_minor,
        )
        for _, _, detail in booked(day)
        for mention in detail.message.mentions
    ]
    found = [
        (row["payment_id"], row["reference"], row["kind"], row["amount_minor"])
        for row in read["references"]
    ]
    assert len(written) > 5
    assert sorted(found) == sorted(written)
