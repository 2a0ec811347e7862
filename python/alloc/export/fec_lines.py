"""The lines of anyone's FEC as one table, for what needs more than a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from alloc.errors import InputError
from alloc.export.fec_check import SIDES, hundredths_of
from alloc.export.fec_findings import Findings, Severity
from alloc.export.fec_layout import (
    ACCOUNT_NO,
    AUX,
    AUX_LABEL,
    CREDIT,
    DATE,
    DEBIT,
    JOURNAL,
    LABEL,
    LETTER,
    NUM,
    PIECE,
    day_of,
)
from alloc.export.fec_reading import FecLines

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["FEC_LINES", "read_fec_lines"]

FEC_LINES = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("journal", pa.string()),
        ("entry_no", pa.string()),
        ("date", pa.date32()),
        ("account", pa.string()),
        ("auxiliary", pa.string()),
        ("auxiliary_name", pa.string()),
        ("piece", pa.string()),
        ("label", pa.string()),
        ("amount_minor", pa.int64()),
        ("letter", pa.string()),
    ]
)
#: Columns of the table that are cells as they stand.
CELLS = {
    "journal": JOURNAL,
    "entry_no": NUM,
    "account": ACCOUNT_NO,
    "auxiliary": AUX,
    "auxiliary_name": AUX_LABEL,
    "piece": PIECE,
    "label": LABEL,
    "letter": LETTER,
}


def read_fec_lines(source: BinaryIO, name: str) -> pa.Table:
    """Read the lines of a file.

    Parameters
    ----------
    source
        The bytes, at their beginning.
    name
        For the messages, and the column ``file``.

    Returns
    -------
    pyarrow.Table
        `FEC_LINES`: one row a line; debits are above zero, hundredths; empty cells
        are null.

    Raises
    ------
    alloc.errors.InputError
        A line cannot be read (``FEC_UNREADABLE``): the message names it.
    """
    findings = Findings(1)
    lines = FecLines(source, findings)
    columns: dict[str, list[object]] = {field: [] for field in FEC_LINES.names}
    for line, cells in lines.records():
        if not cells[NUM]:
            raise _unreadable(name, line, "EcritureNum: empty")
        columns["file"].append(name)
        columns["line"].append(line)
        columns["date"].append(_day(name, line, cells[DATE]))
        columns["amount_minor"].append(_amount(name, line, cells))
        for field, at in CELLS.items():
            columns[field].append(cells[at] or None)
    if findings.count(Severity.ERROR):
        first = findings.listed[0]
        raise _unreadable(name, first.line, first.message)
    return pa.table(columns, schema=FEC_LINES)


def _day(name: str, line: int, text: str) -> dt.date:
    day = day_of(text)
    if day is None:
        raise _unreadable(name, line, f"EcritureDate: {text!r} is no date AAAAMMJJ")
    return day


def _amount(name: str, line: int, cells: list[str]) -> int:
    """Debit less credit of a line, in either of the two legal forms."""
    side = SIDES.get(cells[CREDIT])
    said = (cells[DEBIT],) if side else (cells[DEBIT], cells[CREDIT])
    amounts = [hundredths_of(text) if text else 0 for text in said]
    if None in amounts:
        raise _unreadable(name, line, f"no amount: {' '.join(said)!r}")
    debit, *credit = (amount or 0 for amount in amounts)
    return debit * (side or 1) - sum(credit)


def _unreadable(name: str, line: int, message: str) -> InputError:
    return InputError(
        f"{name}:{line}: {message}: run 'alloc fec check' for the whole list",
        reason="FEC_UNREADABLE",
        file=name,
        line=line,
    )
