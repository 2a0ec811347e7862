"""CFONB120: our rows against a naive reading by columns, written from the brochure."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bank_day import BankDay, bank_days
from bank_writer import cfonb120
from hypothesis import given, settings
from peer_case import as_text, corpus, decimal, entries_of, read

if TYPE_CHECKING:
    from pathlib import Path

LAST = {letter: (digit, 1) for digit, letter in enumerate("{ABCDEFGHI")}
LAST |= {letter: (digit, -1) for digit, letter in enumerate("}JKLMNOPQR")}
WIDTH = 120


def amount(record: str) -> Decimal:
    """Positions 91 to 104, of which the last says the sign; decimals at position 20."""
    digits = record[90:104].strip()
    last, sign = LAST[digits[-1]]
    number = Decimal(sign * (int(digits[:-1] or "0") * 10 + last))
    return number.scaleb(-int(record[19].strip() or "2"))


def day(text: str) -> dt.date | None:
    """A day as DDMMYY; blanks, zeros and other text are none."""
    with suppress(ValueError):
        return dt.datetime.strptime(text, "%d%m%y").date()  # noqa: DTZ007 - a day
    return None


def records(text: str) -> list[str]:
    """Lines, or pieces of 120 characters in a file without line ends."""
    lines = text.splitlines()
    if len(lines) == 1:
        lines = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    return [line.ljust(WIDTH) for line in lines if line.strip()]


def theirs(text: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    for record in records(text):
        if record[:2] == "04":
            entries.append(
                {
                    "amount": amount(record),
                    "currency": record[16:19],
                    "booked": day(record[34:40]),
                    "valued": day(record[42:48]),
                    "reference": record[104:120].strip(" 0")
                    and record[104:120].strip(),
                    "label": record[48:79].strip(),
                    "more": [],
                }
            )
        elif record[:2] == "05" and entries:
            entries[-1]["more"].append(record[48:118].strip())
    return entries


def balances(text: str) -> list[tuple[str, Decimal, dt.date | None]]:
    return [
        (record[:2], amount(record), day(record[34:40]))
        for record in records(text)
        if record[:2] in ("01", "07")
    ]


def differences(data: bytes) -> set[str]:
    """Names of the fields in which an entry or a balance differs."""
    peers, file = theirs(as_text(data)), read(data)
    rows = entries_of(file)
    if len(peers) != len(rows):
        return {"count"}
    found = set()
    for peer, row in zip(peers, rows, strict=True):
        same = {
            "amount": peer["amount"]
            == decimal(row["entry_amount_minor"], row["currency"]),
            "currency": peer["currency"] == row["currency"],
            "booked": peer["booked"] == row["booking_date"],
            "valued": peer["valued"] == row["value_date"],
            # Without a reference, the number of the entry stands in.
            "reference": peer["reference"] in ("", row["bank_reference"]),
            "label": not peer["label"] or row["remittance_text"][0] == peer["label"],
            "more": all(text in row["raw"] for text in peer["more"]),
        }
        found |= {field for field, equal in same.items() if not equal}
    ours = [
        (code, decimal(one[f"{side}_minor"], one["currency"]), one[f"{side}_date"])
        for one in file.statements.to_pylist()
        for code, side in (("01", "opening"), ("07", "closing"))
        if one[f"{side}_minor"] is not None
    ]
    return found if ours == balances(as_text(data)) else found | {"balances"}


def test_every_collected_file_says_the_same(shared: Path | None) -> None:
    differing = {}
    for name, data in corpus(shared, "cfonb"):
        found = differences(data)
        if found:
            differing[name] = found
    assert differing == {}


@settings(max_examples=60)
@given(bank_day=bank_days(longest=140))
def test_every_statement_of_ours_says_the_same(bank_day: BankDay) -> None:
    assert differences(cfonb120(bank_day)) == set()
