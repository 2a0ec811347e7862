from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from alloc.demo import SIZES
from alloc.demo.book import bank_days, notified_details
from alloc.demo.camt import write_notifications
from alloc.demo.identity import identities
from alloc.demo.plan import make_plan
from alloc.demo.texts import NOT_PROVIDED
from alloc.engine import read_bank_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo_case import Demo

    from alloc.demo.book import Detail, Entry
    from alloc.demo.identity import Identity
    from alloc.demo.texts import Message

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


def details(entry: Entry) -> list[Detail | None]:
    """List what the statement tells apart within an entry."""
    return [None] if entry.lumped or not entry.details else [*entry.details]


def messages(day: Demo) -> Iterator[tuple[str, Identity, Message]]:
    """Give each payment of the statements that is no lot: bank format, id, message."""
    for statement in (s for statements in bank_days(day.plan) for s in statements):
        told = {
            detail.payment: detail.message
            for entry in statement.entries
            if not entry.lumped
            for detail in entry.details
        }
        for identity in identities(statement):
            if len(identity.payments) == 1:
                message = told[identity.payments[0]]
                yield statement.account.bank.format, identity, message


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
        for detail in details(entry)
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
    for bank_format, identity, message in messages(day):
        row = rows[identity.payment_id]
        assert row["counterparty_name"] == message.name
        iban = None if bank_format == "cfonb120" else message.iban
        assert row["counterparty_iban"] == iban
        own = message.end_to_end_id
        assert row["end_to_end_id"] == (None if own == NOT_PROVIDED else own)
        if bank_format in CAMT:
            assert row["remittance_text"] == message.lines
        else:
            said = letters("".join(message.lines)) or message.creditor_reference
            assert letters("".join(row["remittance_text"])).endswith(said)


def test_structured_remittances_arrive(
    day: Demo, read: dict[str, list[dict[str, Any]]]
) -> None:
    written = [
        (
            identity.payment_id,
            mention.reference,
            "credit_note" if mention.credit_note else "invoice",
            mention.amount_minor,
        )
        for _, identity, message in messages(day)
        for mention in message.mentions
    ]
    found = [
        (row["payment_id"], row["reference"], row["kind"], row["amount_minor"])
        for row in read["references"]
    ]
    assert len(written) > 5
    assert sorted(found) == sorted(written)


def test_a_notification_tells_what_a_lot_of_the_statement_is_made_of() -> None:
    plan = make_plan(SIZES["month"], 1)
    lots = 0
    for statement in (s for statements in bank_days(plan) for s in statements):
        for entry in statement.entries:
            if not entry.notified:
                continue
            told = notified_details(plan, entry)
            content = write_notifications([(statement, entry, told)])
            found = read_bank_file(content, name="notification")
            rows = pa.table(found.entries).to_pylist()
            assert {row["bank_reference"] for row in rows} == {entry.bank_reference}
            assert {row["account"] for row in rows} == {statement.account.iban}
            assert [row["amount_minor"] for row in rows] == [
                detail.amount_minor for detail in told
            ]
            lots += entry.lumped
            if not entry.lumped:
                lines = pa.table(found.references)["amount_minor"].to_pylist()
                assert sum(lines) == entry.amount_minor
    assert lots > 5
