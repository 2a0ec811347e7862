"""BAI2: our rows against those of the library `bai2`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bai2 import bai2, exceptions
from bank_day import BankDay, bank_days
from bank_writer import bai2 as written
from hypothesis import given, settings
from peer_case import as_text, corpus, read

if TYPE_CHECKING:
    from pathlib import Path

#: Files that the peer refuses as a whole. We read them.
PEER_REFUSES = {
    "moov-io__bai2__sample1-btrs.txt": "only version 2 is supported, not BTRS",
    "moov-io__bai2__sample2.txt": "continued in the middle of a balance",
}
_OPENING, _CLOSING = "010", "015"


def theirs(text: str) -> list[dict[str, Any]]:
    """Accounts with their balances and entries."""
    accounts = []
    for group in bai2.parse_from_string(text, check_integrity=False).children:
        for account in group.children:
            balances = {
                one.type_code.code: one.amount
                for one in account.header.summary_items
                if one.type_code is not None
            }
            # The format's default is US dollars.
            currency = account.header.currency or group.header.currency or "USD"
            accounts.append(
                {
                    "account": account.header.customer_account_number.replace(" ", ""),
                    "currency": currency,
                    "opening_minor": balances.get(_OPENING),
                    "closing_minor": balances.get(_CLOSING),
                    "entries": [entry(one, group.header) for one in account.children],
                }
            )
    return accounts


def entry(one: Any, group: Any) -> tuple[object, ...]:
    sign = -1 if one.type_code.transaction.value == "debit" else 1
    valued = (one.availability or {}).get("date") if one.availability else None
    return (
        one.type_code.code,
        sign * (one.amount or 0),
        group.as_of_date,
        valued,
        one.bank_reference or None,
        one.customer_reference or None,
    )


def ours(data: bytes) -> list[dict[str, Any]]:
    file = read(data)
    rows = file.entries.to_pylist()
    fields = ("account", "currency", "opening_minor", "closing_minor")
    return [
        {field: statement[field] for field in fields}
        | {
            "entries": [
                (
                    row["transaction_code"],
                    row["amount_minor"],
                    row["booking_date"],
                    row["value_date"],
                    row["bank_reference"],
                    row["end_to_end_id"],
                )
                for row in rows
                if row["statement_index"] == statement["statement_index"]
            ]
        }
        for statement in file.statements.to_pylist()
    ]


def test_every_collected_file_says_the_same(shared: Path | None) -> None:
    refused, compared = set(), 0
    for name, data in corpus(shared, "bai2"):
        try:
            expected = theirs(as_text(data))
        except exceptions.NotSupportedYetException:
            refused.add(name)
            continue
        compared += 1
        assert ours(data) == expected, name
    if shared is not None:
        assert refused == set(PEER_REFUSES)
        assert compared > 6


@settings(max_examples=60)
@given(day=bank_days(texts=3))
def test_every_file_of_ours_says_the_same(day: BankDay) -> None:
    data = written(day)
    if day.entries:  # The peer wants one group at least.
        assert ours(data) == theirs(data.decode())
