"""What is written down in a bank's format is read back as it was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bank_day import BankDay, Entry, bank_days
from bank_writer import LABEL, bai2, cfonb120, mt940, ofx
from camt_writer import ROOTS, VERSIONS, camt
from hypothesis import given, settings
from lxml import etree

from alloc.engine import read_bank_file

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.domain.bank import BankFile

ACCENTS = "ABCDEabcdeéèçßüÖ0123456789 &<>\"'/:;,.?+-()€"
LATIN = "ABCDEabcdeéèçßüÖ0123456789&'/:;,.?+-()€"
MARKUP = ACCENTS.replace(" ", "")
ROUNDS = settings(max_examples=60)
CASES = [(message, version) for message in ROOTS for version in VERSIONS]


def read(data: bytes) -> BankFile:
    file = read_bank_file(data, name="day", strict=True)
    assert file.warnings.to_pylist() == []
    return file


def rows_of(file: BankFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = file.entries.to_pylist()
    return rows


def told(entry: Entry, *fields: str) -> dict[str, Any]:
    """Fields of an entry with one transaction, by the names of the columns."""
    detail = entry.details[0]
    known = {
        "amount_minor": detail.minor,
        "entry_amount_minor": entry.minor,
        "booking_date": entry.booked,
        "value_date": entry.valued,
        "bank_reference": entry.bank_reference,
        "reversal": entry.reversal,
        "end_to_end_id": detail.end_to_end_id,
        "mandate_id": detail.mandate_id,
        "creditor_reference": detail.creditor_reference,
        "counterparty_name": detail.name,
        "counterparty_iban": detail.iban,
        "ultimate_name": detail.ultimate,
        "remittance_text": list(detail.text),
    }
    return {field: known[field] for field in fields}


def picked(row: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {field: row[field] for field in fields}


def check_statement(file: BankFile, day: BankDay) -> None:
    (statement,) = file.statements.to_pylist()
    assert statement["account"] == day.iban
    assert statement["currency"] == day.currency
    assert statement["entry_count"] == len(day.entries)
    assert (statement["opening_minor"], statement["closing_minor"]) == (
        day.opening_minor,
        day.closing_minor,
    )
    assert statement["difference_minor"] == 0
    assert (statement["opening_date"], statement["closing_date"]) == (
        day.day_before,
        day.day,
    )
    assert {row["currency"] for row in rows_of(file)} <= {day.currency}


def check_camt_detail(
    row: dict[str, Any], day: BankDay, place: tuple[int, int]
) -> None:
    entry = day.entries[place[0]]
    detail = entry.details[place[1]]
    assert (row["entry_index"], row["detail_index"]) == place
    text = list(detail.text)
    if entry.info and not (text or detail.documents or detail.creditor_reference):
        text = [entry.info]  # The only text there is.
    expected = {
        "amount_minor": detail.minor,
        "entry_amount_minor": entry.minor,
        "booking_date": entry.booked,
        "value_date": entry.valued,
        "bank_reference": entry.bank_reference,
        "reversal": entry.reversal,
        "transaction_code": "PMNT/RCDT/ESCT",
        "end_to_end_id": detail.end_to_end_id,
        "mandate_id": detail.mandate_id,
        "creditor_reference": detail.creditor_reference,
        "counterparty_name": detail.name,
        "counterparty_iban": detail.iban,
        "ultimate_name": detail.ultimate,
        "remittance_text": text,
        "charges_minor": detail.charges_minor,
        "return_reason": detail.return_reason,
    }
    assert picked(row, expected) == expected


def check_camt(file: BankFile, day: BankDay) -> None:
    places = [
        (number, part)
        for number, entry in enumerate(day.entries)
        for part in range(len(entry.details))
    ]
    rows = rows_of(file)
    assert len(rows) == len(places)
    for row, place in zip(rows, places, strict=True):
        check_camt_detail(row, day, place)
    documents = [
        document
        for entry in day.entries
        for detail in entry.details
        for document in detail.documents
    ]
    found = [
        (one["reference"], one["kind"], one["amount_minor"], one["deduction_minor"])
        for one in file.references.to_pylist()
        if one["kind"] != "other"
    ]
    assert found == [
        (
            one.number,
            "credit_note" if one.credit_note else "invoice",
            -one.paid_minor if one.credit_note else one.paid_minor,
            one.kept_minor,
        )
        for one in documents
    ]
    days = [
        one["date"] for one in file.references.to_pylist() if one["kind"] != "other"
    ]
    assert days == [one.day for one in documents]


@pytest.mark.parametrize(("message", "version"), CASES)
@settings(max_examples=8)
@given(day=bank_days(MARKUP, longest=140, texts=3, batch=3))
def test_every_camt_message_and_version_comes_back(
    message: str, version: int, day: BankDay
) -> None:
    file = read(camt(day, message, version))
    if message != "054":
        check_statement(file, day)
    (statement,) = file.statements.to_pylist()
    assert statement["message_type"] == f"camt.{message}.001.{version:02d}"
    check_camt(file, day)


@pytest.mark.parametrize(("message", "version"), CASES)
def test_what_the_tests_write_is_valid_camt(
    message: str, version: int, shared: Path | None
) -> None:
    if shared is None:
        return
    name = f"camt.{message}.001.{version:02d}.xsd"
    schema = etree.XMLSchema(file=str(shared / "statements" / "xsd" / name))

    @settings(max_examples=4)
    @given(day=bank_days(MARKUP, longest=140, texts=3, batch=2))
    def valid(day: BankDay) -> None:
        schema.assertValid(etree.fromstring(camt(day, message, version)))

    valid()


@ROUNDS
@given(day=bank_days())
def test_mt940_comes_back(day: BankDay) -> None:
    file = read(mt940(day))
    check_statement(file, day)
    for row, entry in zip(rows_of(file), day.entries, strict=True):
        expected = told(
            entry,
            *("amount_minor", "bank_reference", "reversal", "end_to_end_id"),
            *("mandate_id", "counterparty_name", "counterparty_iban"),
            *("remittance_text", "booking_date"),
        )
        assert picked(row, expected) == expected
        assert row["value_date"] == (entry.valued or entry.booked)


@ROUNDS
@given(day=bank_days(LATIN, longest=140))
def test_cfonb120_comes_back(day: BankDay) -> None:
    file = read(cfonb120(day, encoding="utf-8"))
    check_statement(file, day)
    for row, entry in zip(rows_of(file), day.entries, strict=True):
        expected = told(
            entry,
            *("amount_minor", "booking_date", "value_date", "bank_reference"),
            *("reversal", "end_to_end_id", "mandate_id", "creditor_reference"),
            *("counterparty_name", "counterparty_iban", "ultimate_name"),
        )
        assert picked(row, expected) == expected
        assert row["remittance_text"] == [LABEL, *entry.details[0].text]


@ROUNDS
@given(day=bank_days(texts=3))
def test_bai2_comes_back(day: BankDay) -> None:
    file = read(bai2(day))
    opening = day.opening_minor
    for statement, entry in zip(file.statements.to_pylist(), day.entries, strict=True):
        assert (statement["account"], statement["currency"]) == (day.iban, day.currency)
        assert statement["opening_minor"] == opening
        assert statement["closing_minor"] == opening + entry.minor
        assert statement["difference_minor"] == 0
    for row, entry in zip(rows_of(file), day.entries, strict=True):
        expected = told(
            entry,
            *("amount_minor", "booking_date", "value_date", "bank_reference"),
            *("end_to_end_id", "remittance_text"),
        )
        assert picked(row, expected) == expected


@pytest.mark.parametrize("xml", [True, False])
@ROUNDS
@given(day=bank_days(MARKUP))
def test_ofx_comes_back(xml: bool, day: BankDay) -> None:  # noqa: FBT001 - a case
    file = read(ofx(day, xml=xml))
    (statement,) = file.statements.to_pylist()
    assert (statement["account"], statement["currency"]) == (day.iban, day.currency)
    assert statement["opening_minor"] is None
    assert statement["closing_minor"] == day.closing_minor
    assert statement["closing_date"] == day.day
    for row, entry in zip(rows_of(file), day.entries, strict=True):
        expected = told(
            entry,
            *("amount_minor", "booking_date", "value_date", "bank_reference"),
            *("counterparty_name", "counterparty_iban", "remittance_text"),
        )
        assert picked(row, expected) == expected
