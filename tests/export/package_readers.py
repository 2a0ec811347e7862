"""Readers of other packages' files, written from their documents, not from our code.

Each returns lines (entry, account, partner, minor units, letter) and refuses what the
package would refuse: an entry that does not balance, a field of another form.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import openpyxl

if TYPE_CHECKING:
    from collections.abc import Iterable


class Line(NamedTuple):
    entry: str
    account: str
    partner: str
    minor: int
    label: str
    letter: str
    sections: tuple[tuple[str, str, int], ...] = ()


class RefusedError(Exception):
    """The package would not take this file."""


def _minor(text: str, mark: str) -> int:
    if re.fullmatch(rf"\d+{re.escape(mark)}\d\d", text) is None:
        raise RefusedError(f"no amount: {text}")
    return int(Decimal(text.replace(mark, ".")) * 100)


def _balanced(lines: list[Line]) -> list[Line]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.entry] = sums.get(line.entry, 0) + line.minor
    if not lines or any(sums.values()):
        raise RefusedError(f"unbalanced: {sums}")
    return lines


def _day(text: str, form: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, form).astimezone(dt.UTC).date()
    except ValueError as error:
        raise RefusedError(str(error)) from error


def read_sage(data: bytes) -> list[Line]:
    """Fourteen columns behind a heading; a voucher is (journal, date, number)."""
    header, *rows = data.decode("cp1252").removesuffix("\r\n").split("\r\n")
    assert header.split("\t")[1:6] == ["Jou", "Date", "N°", "Général", "Tiers"]
    lines = []
    for row in rows:
        cells = row.split("\t")
        if len(cells) != 14 or cells[0] not in "GA":
            raise RefusedError(f"no line of entries: {row}")
        _, journal, day, number, account, partner, label = cells[:7]
        _day(day, "%d%m%y")
        minor = _minor(cells[9], ",") - _minor(cells[10], ",")
        key = f"{journal}/{day}/{number}"
        if cells[0] == "A":
            above = lines[-1] if lines else None
            if above is None or (above.entry, above.account) != (key, account):
                raise RefusedError(f"a section of no line: {row}")
            sections = (*above.sections, (cells[12], cells[13], minor))
            lines[-1] = above._replace(sections=sections)
            continue
        lines.append(Line(key, account, partner, minor, label, cells[11]))
    return _balanced(lines)


def read_quadra(data: bytes) -> list[Line]:
    """Fixed columns, as KB0014530 numbers them from 1."""
    lines = []
    for row in data.decode("iso-8859-15").removesuffix("\r\n").split("\r\n"):

        def field(position: int, width: int, row: str = row) -> str:
            return row[position - 1 : position - 1 + width]

        if field(1, 1) != "M" or len(row) != 158 or field(12, 3) != "000":
            raise RefusedError(f"no record of entries: {row}")
        day = _day(field(15, 6), "%d%m%y")
        if (
            field(42, 1) not in "DC"
            or re.fullmatch(r"[+-]\d{12}", field(43, 13)) is None
        ):
            raise RefusedError(f"no amount: {row}")
        side = 1 if field(42, 1) == "D" else -1
        journal = field(111, 3).strip()
        assert journal.startswith(field(10, 2).strip())
        key = f"{journal}/{day}/{field(149, 10).strip()}"
        account = field(2, 8).strip()
        lines.append(
            Line(
                key,
                account,
                account,
                side * int(field(43, 13)),
                field(117, 30).strip(),
                field(70, 2).strip(),
            )
        )
    return _balanced(lines)


def read_cegid(data: bytes) -> list[Line]:
    """A TRA file: lines of 222 characters, positions from 1 as its guides have them."""
    first, *rows = data.decode("cp1252").removesuffix("\r\n").split("\r\n")
    if first[:14] != "***S5EXPJRLSTD" or first[33:36] != "011":
        raise RefusedError(f"no TRA file: {first}")
    lines = []
    for row in rows:

        def field(position: int, width: int, row: str = row) -> str:
            return row[position - 1 : position - 1 + width]

        if len(row) != 222 or field(151, 1) != "N" or field(173, 3) != "E--":
            raise RefusedError(f"no line of entries: {row}")
        day = _day(field(4, 8), "%d%m%Y")
        partner = field(32, 17).rstrip()
        if field(130, 1) not in "DC" or (field(31, 1) == "X") != bool(partner):
            raise RefusedError(f"no side, or no third party: {row}")
        side = 1 if field(130, 1) == "D" else -1
        minor = side * _minor(field(131, 20).lstrip(), ",")
        key = f"{field(1, 3).rstrip()}/{day}/{field(152, 8)}"
        account, label = field(14, 17).rstrip(), field(84, 35).rstrip()
        lines.append(Line(key, account, partner, minor, label, ""))
    return _balanced(lines)


def read_odoo(data: bytes) -> list[Line]:
    """As Odoo's import of CSV."""
    return _odoo(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def read_odoo_xlsx(data: bytes) -> list[Line]:
    """As Odoo's import of XLSX, which reads it with openpyxl too."""
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    except (zipfile.BadZipFile, KeyError, ET.ParseError) as error:
        raise RefusedError(str(error)) from error
    header, *rows = (
        [_text(cell) for cell in row] for row in sheet.iter_rows(min_row=1)
    )
    return _odoo(dict(zip(header, row, strict=True)) for row in rows)


def _text(cell: openpyxl.cell.Cell) -> str:
    if cell.value is None:
        return ""
    if cell.data_type != "s":
        raise RefusedError(f"{cell.coordinate} is no text: {cell.value}")
    return str(cell.value)


def _odoo(rows: Iterable[dict[str, str]]) -> list[Line]:
    """An empty id continues the record above."""
    lines: list[Line] = []
    entry = ""
    for row in rows:
        if row["id"]:
            entry = row["id"]
            if not row["journal_id"]:
                raise RefusedError(f"{entry} has no journal")
            _day(row["date"], "%Y-%m-%d")
        debit = _minor(row["line_ids/debit"], ".")
        minor = debit - _minor(row["line_ids/credit"], ".")
        lines.append(
            Line(
                entry,
                row["line_ids/account_id"],
                row["line_ids/partner_id"],
                minor,
                row["line_ids/name"],
                row["line_ids/matching_number"],
                tuple(
                    ("", name, share)
                    for name, share in json.loads(
                        row["line_ids/analytic_distribution"] or "{}"
                    ).items()
                ),
            )
        )
    return _balanced(lines)


class Document(NamedTuple):
    """One document of SAP: what is posted, and the references it clears."""

    code: str
    reverses: str
    header: dict[str, str]
    items: list[dict[str, str]]
    clears: list[tuple[str, str, str]]


def read_sap(documents: bytes, ftpost: bytes, ftclear: bytes) -> dict[str, Document]:
    """Join the three tables as the posting interface takes them."""
    found: dict[str, Document] = {}
    for row in _rows(documents):
        found[row["document"]] = Document(row["TCODE"], row["REVERSES"], {}, [], [])
    for row in _rows(ftpost):
        document = found[row["document"]]
        if row["STYPE"] == "K":
            document.header[row["FNAM"]] = row["FVAL"]
            continue
        while len(document.items) < int(row["COUNT"]):
            document.items.append({})
        document.items[int(row["COUNT"]) - 1][row["FNAM"]] = row["FVAL"]
    for row in _rows(ftclear):
        assert row["SELFD"] == "XBLNR"
        cleared = (row["AGKOA"], row["AGKON"], row["SELVON"])
        found[row["document"]].clears.append(cleared)
    return found


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def sap_minor(item: dict[str, str]) -> int:
    """Signed minor units of an item: keys below 40 by account type, 40 is debit."""
    debits = {"40", "05", "25"}
    side = 1 if item["RF05A-NEWBS"] in debits else -1
    return side * _minor(item["BSEG-WRBTR"], ",")
