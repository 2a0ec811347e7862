"""OFX: our rows against those of the library `ofxparse`."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ofxparse
import pytest
from bank_day import BankDay, bank_days
from bank_writer import ofx as written
from hypothesis import given, settings
from ofxparse.ofxparse import Transaction
from peer_case import corpus, decimal, entries_of, read

if TYPE_CHECKING:
    from pathlib import Path

#: Files that the peer refuses as a whole. We read them, entry by entry.
PEER_REFUSES = {
    "jseutter__ofxparse__chase_cc.qfx": "not the encoding that it declares",
    "jseutter__ofxparse__decimal_error.ofx": "an amount of $120",
    "jseutter__ofxparse__empty_balance.ofx": "no ledger balance",
    "jseutter__ofxparse__ofx-v102-empty-tags.ofx": "empty leaves",
    "libofx__libofx__failing-ofx-file2.xml": "a date that is none",
    "pypi__bankfile-0.2.0__charset-none-with-encoding-usascii.ofx": "CHARSET:NONE",
    "pypi__bankfile-0.2.0__empty-tags-curdef-fitid-name.ofx": "empty leaves",
    "pypi__bankfile-0.2.0__header-on-one-line.qfx": "the header on one line",
    "pypi__bankfile-0.2.0__xml-declaration-ofx-2.ofx": "not ASCII",
}
#: The peer takes an evening in New York for the next day in London.
DAYS_MOVED = {"jseutter__ofxparse__investment_medium.ofx"}


def theirs(data: bytes) -> list[tuple[object, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # The peer calls an old name of its XML library.
        accounts = ofxparse.OfxParser.parse(io.BytesIO(data)).accounts
    return [
        (account.account_id, one.date.date(), one.amount, one.id)
        for account in accounts
        for one in getattr(account.statement, "transactions", ())
        # Trades of an investment account are no entries.
        if isinstance(one, Transaction)
    ]


def in_cents(one: tuple[object, ...]) -> bool:
    """Whether an amount has no part of a cent: we leave such entries out by name."""
    return one[2] == round(Decimal(str(one[2])), 2)


def ours(data: bytes) -> list[dict[str, Any]]:
    return entries_of(read(data))


def differences(
    peers: list[tuple[object, ...]], rows: list[dict[str, Any]]
) -> set[str]:
    """Names of the fields in which an entry differs."""
    if len(peers) != len(rows):
        return {"count"}
    found = set()
    for (account, day, amount, number), row in zip(peers, rows, strict=True):
        same = {
            # We put the bank in front of the number, and make the IBAN of a French one.
            "account": str(account).replace(" ", "") in row["account"],
            "day": day == row["booking_date"],
            "amount": amount == decimal(row["amount_minor"], row["currency"]),
            # An identifier of zeros is none.
            "number": str(number).strip("0") in ("", row["bank_reference"])
            or number == row["bank_reference"],
        }
        found |= {field for field, equal in same.items() if not equal}
    return found


def test_every_collected_file_says_the_same(shared: Path | None) -> None:
    refused, differing, compared = set(), {}, 0
    for name, data in corpus(shared, "ofx"):
        try:
            peers = theirs(data)
        except Exception:  # noqa: BLE001 - the peer fails in any way
            refused.add(name)
            continue
        compared += 1
        peers = [one for one in peers if in_cents(one)]
        found = differences(peers, ours(data))
        if found:
            differing[name] = found
    if shared is not None:
        assert refused == set(PEER_REFUSES)
        assert differing == {name: {"day"} for name in DAYS_MOVED}
        assert compared > 50


@pytest.mark.parametrize("xml", [True, False])
@settings(max_examples=40)
@given(day=bank_days())
def test_every_file_of_ours_says_the_same(xml: bool, day: BankDay) -> None:  # noqa: FBT001 - a case
    # The peer wants an identifier on every transaction.
    named = (
        replace(entry, bank_reference=entry.bank_reference or f"ID{number}")
        for number, entry in enumerate(day.entries)
    )
    data = written(replace(day, entries=tuple(named)), xml=xml)
    assert differences(theirs(data), ours(data)) == set()
