"""Writes CFONB 120 statements (ETEBAC layout; SEPA qualifiers of the 2010 brochure)."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from alloc.demo.identity import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from alloc.demo.book import BankDay, Detail, Entry

_CREDIT_LAST = "{ABCDEFGHI"
_DEBIT_LAST = "}JKLMNOPQR"
_OPERATIONS = {
    "credit": "18",
    "return": "21",
    "fee": "62",
    "direct_debit": "B1",
    "transfer_out": "06",
    "sweep": "06",
}
_TEXT_WIDTH = 70
_LABEL_WIDTH = 31
_REFERENCE_WIDTH = 16


def signed_amount(minor: int) -> str:
    """Write 14 digits; the last one carries the sign.

    Examples
    --------
    >>> signed_amount(190_40), signed_amount(-322_1)
    ('0000000001904{', '0000000000322J')
    """
    digits = f"{abs(minor):014d}"
    last = (_DEBIT_LAST if minor < 0 else _CREDIT_LAST)[int(digits[-1])]
    return digits[:-1] + last


def _balance(code: str, statement: BankDay, day: date, minor: int) -> str:
    bank, branch, account = statement.account.rib
    return (
        f"{code}{bank}    {branch}{CURRENCY}2 {account}  {day:%d%m%y}"
        f"{'':50}{signed_amount(minor)}{'':16}"
    )


def _prefix(code: str, statement: BankDay, entry: Entry) -> str:
    bank, branch, account = statement.account.rib
    operation = _OPERATIONS[entry.operation]
    return (
        f"{code}{bank}{operation:>04}{branch}{CURRENCY}2 {account}{operation}"
        f"{statement.day:%d%m%y}"
    )


def _movement(statement: BankDay, entry: Entry, position: int) -> str:
    # An entry without reference has no number either: the number would identify it.
    number = position if entry.bank_reference else 0
    rejected = "20" if entry.operation == "return" else "  "
    return (
        f"{_prefix('04', statement, entry)}{rejected}{statement.day:%d%m%y}"
        f"{entry.label[:_LABEL_WIDTH]:<{_LABEL_WIDTH}}  {number:07d}00"
        f"{signed_amount(entry.amount_minor)}"
        f"{entry.bank_reference[:_REFERENCE_WIDTH]:<{_REFERENCE_WIDTH}}"
    )


def _complements(detail: Detail) -> Iterator[tuple[str, str]]:
    message = detail.message
    yield ("NPY" if detail.amount_minor >= 0 else "NBE"), message.name[:_TEXT_WIDTH]
    qualifiers = chain(("LCC", "LC2"), repeat("LIB"))
    yield from zip(qualifiers, _parts(message.lines), strict=False)
    if message.creditor_reference:
        yield "LCS", message.creditor_reference
    yield "RCN", message.end_to_end_id


def _parts(lines: Sequence[str]) -> list[str]:
    """Cut the text into parts of 70 characters.

    A blank at a seam starts the next part: at the end it would look like padding.
    """
    text = " ".join(lines)
    parts = []
    while text:
        parts.append(text[:_TEXT_WIDTH].rstrip())
        text = text[len(parts[-1]) :]
    return parts


def _complement(prefix: str, qualifier: str, text: str) -> str:
    return f"{prefix}     {qualifier}{text[:_TEXT_WIDTH]:<{_TEXT_WIDTH}}  "


def _lines(statement: BankDay) -> Iterator[str]:
    day_before = statement.previous_day
    yield _balance("01", statement, day_before, statement.opening_minor)
    for number, entry in enumerate(statement.entries, start=1):
        yield _movement(statement, entry, number)
        prefix = _prefix("05", statement, entry)
        for detail in entry.details:
            for qualifier, text in _complements(detail):
                yield _complement(prefix, qualifier, text)
        if entry.additional_info:
            yield _complement(prefix, "LIB", entry.additional_info)
    yield _balance("07", statement, statement.day, statement.closing_minor)


def write_statements(statements: Sequence[BankDay]) -> bytes:
    """Write statements of one bank as one file of 120-byte lines.

    Parameters
    ----------
    statements
        Not empty, all of one bank.

    Returns
    -------
    bytes
        ASCII, each line followed by a line feed.
    """
    lines = (line for statement in statements for line in _lines(statement))
    return "".join(f"{line}\n" for line in lines).encode("ascii")
