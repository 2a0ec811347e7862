"""MT940: our rows against those of the library `mt-940`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import mt940
from bank_day import BankDay, bank_days
from bank_writer import mt940 as written
from hypothesis import given, settings
from peer_case import as_text, corpus, decimal, entries_of, read

if TYPE_CHECKING:
    from pathlib import Path

#: Files that the peer refuses as a whole for one field. We read them.
PEER_REFUSES = {
    "pypi__camt053_loader_mt940-0.0.23__regression-amount-bare-comma.mt940": "amount ,",
    "pypi__camt053_loader_mt940-0.0.23__regression-amount-commas.mt940": "1,234,56",
    "pypi__camt053_loader_mt940-0.0.23__regression-booking-month-13.mt940": "month 13",
    "pypi__camt053_loader_mt940-0.0.23__regression-date-zero.mt940": "day 000000",
    "railslove__cmxl__mt940-iso8859-1.txt": "a day that does not exist",
    "railslove__cmxl__mt940.txt": "a day that does not exist",
    "sandermarechal__jejik-mt940__K4262927_20200905-080000-952.txt": "nulls",
    "sandermarechal__jejik-mt940__lbbw2.txt": "a letter O in an amount",
    "sandermarechal__jejik-mt940__oldenburgischelandesbank2.txt": "field 65 of nulls",
    "wolph__mt940__mt940.txt": "blanks or eight digits for the booking day",
    "wolph__mt940__mt940_with_spaces_for_entry_date.txt": "blanks for the booking day",
}
#: The peer moves 30 February to the end of the month; we leave such a day out.
DAYS_MOVED = {
    "pypi__camt053_loader_mt940-0.0.23__regression-date-february-30.mt940",
    "svenstaro__mt940-rs__february_30.sta",
    "wolph__mt940__transaction_details_wrapped.sta",
    "wolph__mt940__wrapped_timestamp.sta",
}
#: The peer cuts a reference after 23 characters.
REFERENCES_CUT = {"sandermarechal__jejik-mt940__bil.txt"}


def theirs(text: str) -> list[dict[str, Any]]:
    logging.disable(logging.CRITICAL)
    try:
        return [one.data for one in mt940.parse(text) if one.data.get("amount")]
    finally:
        logging.disable(logging.NOTSET)


def reference_of(peer: dict[str, Any]) -> str | None:
    """The bank's reference; NONREF says that there is none."""
    text = (peer.get("bank_reference") or "").strip()
    return None if text in ("", "NONREF") else text


def differences(data: bytes, text: str) -> set[str]:
    """Names of the fields in which an entry differs."""
    peers, ours = theirs(text), entries_of(read(data))
    if len(peers) != len(ours):
        return {"count"}
    found = set()
    for peer, row in zip(peers, ours, strict=True):
        amount = decimal(row["entry_amount_minor"], row["currency"])
        assert amount is not None
        # The peer has no sign for reversals: a credit taken back (RC) is positive.
        expected = abs(amount) if row["reversal"] else amount
        same = {
            "amount": peer["amount"].amount == expected,
            # Without a balance there is no currency: XXX of ISO 4217 here.
            "currency": (peer["amount"].currency or "XXX") == row["currency"],
            "value_date": peer["date"] == row["value_date"],
            "booking_date": (peer.get("entry_date") or peer["date"])
            == row["booking_date"],
            # Without one, the reference of the account's owner stands in.
            "bank_reference": reference_of(peer) in (None, row["bank_reference"]),
        }
        found |= {field for field, equal in same.items() if not equal}
    return found


def test_every_collected_file_says_the_same(shared: Path | None) -> None:
    refused, differing, compared = set(), {}, 0
    for name, data in corpus(shared, "mt940", "mt942"):
        try:
            found = differences(data, as_text(data))
        except (ArithmeticError, ValueError, RuntimeError, TypeError):
            refused.add(name)
            continue
        compared += 1
        if found:
            differing[name] = found
    if shared is not None:
        assert refused == set(PEER_REFUSES)
        known = {name: {"value_date"} for name in DAYS_MOVED}
        known |= {name: {"bank_reference"} for name in REFERENCES_CUT}
        assert differing == known
        assert compared > 80


@settings(max_examples=60)
@given(day=bank_days())
def test_every_statement_of_ours_says_the_same(day: BankDay) -> None:
    data = written(day)
    assert differences(data, data.decode()) == set()
    (statement,) = read(data).statements.to_pylist()
    said = mt940.parse(data.decode()).data
    for side in ("opening", "closing"):
        balance = said[f"final_{side}_balance"]
        ours = decimal(statement[f"{side}_minor"], day.currency)
        assert balance.amount.amount == ours
        assert balance.date == statement[f"{side}_date"]
