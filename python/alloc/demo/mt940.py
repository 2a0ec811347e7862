"""Writes MT940 statements with numbered subfields in the field `:86:`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.demo.identity import CURRENCY
from alloc.demo.texts import NOT_PROVIDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc.demo.book import BankDay, Detail, Entry

_CODES = {
    "credit": "166",
    "return": "159",
    "fee": "808",
    "direct_debit": "105",
    "transfer_out": "116",
    "sweep": "833",
}
_LINE_WIDTH = 65
_SUBFIELD_WIDTH = 27
_TEXT_SUBFIELDS = (*range(20, 30), *range(60, 64))


def _amount(minor: int) -> str:
    return f"{abs(minor) // 100},{abs(minor) % 100:02d}"


def _balance(field: str, minor: int, day: str) -> str:
    sign = "D" if minor < 0 else "C"
    return f":{field}:{sign}{day}{CURRENCY}{_amount(minor)}"


def _chunks(text: str) -> list[str]:
    """Cut a text into subfields; a blank at a seam starts the next one."""
    chunks = []
    start = 0
    while start < len(text):
        whole = text[start : start + _SUBFIELD_WIDTH]
        chunk = whole.rstrip() or whole
        chunks.append(chunk)
        start += len(chunk)
    return chunks


def _subfields(entry: Entry, detail: Detail | None) -> Iterator[str]:
    yield f"?00{entry.label[:_SUBFIELD_WIDTH]}"
    if detail is None:
        yield f"?20{entry.additional_info[:_SUBFIELD_WIDTH]}"
        return
    message = detail.message
    text: list[str] = []
    if message.end_to_end_id != NOT_PROVIDED:
        text += _chunks(f"EREF+{message.end_to_end_id}")
    remittance = " ".join(message.lines) or message.creditor_reference
    if remittance:
        text += _chunks(f"SVWZ+{remittance}")
    yield from (f"?{n}{part}" for n, part in zip(_TEXT_SUBFIELDS, text, strict=False))
    yield f"?31{message.iban}"
    yield f"?32{message.name[:_SUBFIELD_WIDTH]}"
    if len(message.name) > _SUBFIELD_WIDTH:
        yield f"?33{message.name[_SUBFIELD_WIDTH : 2 * _SUBFIELD_WIDTH]}"


def _information(entry: Entry) -> Iterator[str]:
    """Fill lines of at most 65 characters; a subfield is never broken."""
    line = f":86:{_CODES[entry.operation]}"
    for subfield in _subfields(entry, entry.details[0] if entry.details else None):
        if len(line) + len(subfield) > _LINE_WIDTH:
            yield line
            line = ""
        line += subfield
    yield line


def _lines(statement: BankDay) -> Iterator[str]:
    day = f"{statement.day:%y%m%d}"
    yield f":20:{day}{statement.account.index:03d}"
    yield f":25:{statement.account.iban}"
    yield f":28C:{statement.number}/1"
    yield _balance("60F", statement.opening_minor, f"{statement.previous_day:%y%m%d}")
    for entry in statement.entries:
        sign = "D" if entry.amount_minor < 0 else "C"
        if entry.operation == "return":
            sign = "RC"
        reference = f"//{entry.bank_reference}" if entry.bank_reference else ""
        yield (
            f":61:{day}{day[2:]}{sign}{_amount(entry.amount_minor)}NTRFNONREF{reference}"
        )
        yield from _information(entry)
    yield _balance("62F", statement.closing_minor, day)
    yield "-"


def write_statements(statements: Sequence[BankDay]) -> bytes:
    """Write statements of one bank as one file.

    Parameters
    ----------
    statements
        Not empty, all of one bank; every entry has at most one transaction.

    Returns
    -------
    bytes
        ASCII with CRLF line ends, as SWIFT asks for.
    """
    lines = (line for statement in statements for line in _lines(statement))
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
