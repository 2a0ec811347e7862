"""Spreadsheets to raw columns; damaged and bloated ones are refused."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import python_calamine as calamine

from alloc.errors import InputError, LimitError
from alloc.ingest.grid import (
    Grid,
    Header,
    choose_header,
    header_rows,
    make_header,
    missing_columns,
    wanted_columns,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc.ingest.profile import Profile

    _Rows = Sequence[Sequence[object]]

__all__ = ["find_sheets", "read_sheet", "sniff_sheet"]

SHEET_BYTES_MAX = 2 << 30
"""Unpacked size of a spreadsheet that is still opened."""

SHEET_PLACES_MAX = 100_000_000
"""Cells of a sheet's used area, empty ones included, that are still read."""

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # an unknown method or version
    RuntimeError,  # a password is needed
    ValueError,  # offsets and names that cannot be
)
_SAID_MAX = 200
_WORKBOOK, _OTHERS = "xl/workbook.xml", ("xl/workbook.bin", "content.xml")
_PLACE = b'r="'
_COLUMN = _PLACE + rb"([A-Za-z]{%d})[0-9]"
_ROW = re.compile(_PLACE + rb"[A-Za-z]{0,3}0*([0-9]{1,12})")
_ROW_TAG = re.compile(rb"<(?:\w+:)?row\b")
_ODD_PLACE = re.compile(rb"r\s*=\s*'|r\s+=\s*\"|r=\s+\"")
"""The same attribute in other spacing or quotes: nobody but an attacker writes it."""

_NOWHERE = re.compile(_PLACE + rb"[A-Za-z]{4,}[0-9]")
"""A column that no sheet has: the last one is XFD."""


def _open_workbook(data: bytes, name: str) -> calamine.CalamineWorkbook:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive, name)
    except _ZIP_ERRORS as error:
        if data.startswith(b"PK"):
            raise _damaged(name, error) from None
    with _spreadsheet_errors(name):
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))


def _check_size(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse what would fill the memory: the reader keeps a cell for every place."""
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > SHEET_BYTES_MAX:
        raise _too_large(name, f"unpacks to {unpacked} bytes", SHEET_BYTES_MAX)
    names = {entry.filename.lower() for entry in archive.infolist()}
    if _WORKBOOK not in names or not names.isdisjoint(_OTHERS):
        raise _damaged(name, ValueError("it is no XLSX workbook: save it as XLSX"))
    for entry in archive.infolist():
        # A sheet may lie anywhere in the archive.
        xml = archive.read(entry)
        if b"sheetData" not in xml:
            continue
        if _ODD_PLACE.search(xml):
            xml = re.sub(rb"r\s*=\s*[\"']", _PLACE, xml)
        if _NOWHERE.search(xml):
            raise _damaged(name, ValueError(f"{entry.filename} has a cell nowhere"))
        cells = _places(xml)
        if cells > SHEET_PLACES_MAX:
            what = f"spans {cells} cells, most of them empty ({entry.filename})"
            raise _too_large(name, what, SHEET_PLACES_MAX)


def _places(xml: bytes) -> int:
    """Return at least as many cells as the used area of a sheet has."""
    letters = next(
        (width for width in (3, 2) if re.search(_COLUMN % width, xml)),
        1,
    )
    # Of rows and of cells: either may be without. Rows without a number follow.
    rows = max((int(place[1]) for place in _ROW.finditer(xml)), default=0)
    rows = max(rows, len(_ROW_TAG.findall(xml)))
    columns = int(26**letters)
    if rows * columns > SHEET_PLACES_MAX and letters > 1:
        widest = max(one.upper() for one in re.findall(_COLUMN % letters, xml))
        columns = sum(
            26**power * (letter - ord("A") + 1)
            for power, letter in enumerate(reversed(widest))
        )
    return rows * columns


def _too_large(name: str, what: str, limit: int) -> LimitError:
    return LimitError(
        f"{name} {what}; up to {limit} are read: export it as CSV",
        reason="SHEET_TOO_LARGE",
        file=name,
        limit=limit,
    )


def _damaged(name: str, error: BaseException) -> InputError:
    # The reader quotes what it met, however long that is.
    said = " ".join(str(error).split())[:_SAID_MAX]
    return InputError(
        f"{name} is not a spreadsheet that can be read: {said}",
        reason="FILE_DAMAGED",
        file=name,
    )


def sheets_of(data: bytes, name: str) -> Iterator[tuple[str, _Rows]]:
    """Yield the name and the rows of each visible sheet of a spreadsheet.

    Raises
    ------
    alloc.errors.InputError
        ``FILE_DAMAGED``.
    alloc.errors.LimitError
        ``SHEET_TOO_LARGE``.
    """
    workbook = _open_workbook(data, name)
    for sheet in workbook.sheets_metadata:
        if sheet.visible == calamine.SheetVisibleEnum.Visible:
            with _spreadsheet_errors(name):
                rows: _Rows = workbook.get_sheet_by_name(sheet.name).to_python(
                    skip_empty_area=False
                )
            yield sheet.name, rows


@contextmanager
def _spreadsheet_errors(name: str) -> Iterator[None]:
    try:
        yield
    except calamine.CalamineError as error:
        raise _damaged(name, error) from None
    except BaseException as error:
        # A defect of the reader must not pass for one of ours: it is the file.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(name, error) from None


def find_sheets(
    data: bytes, profile: Profile, name: str
) -> list[tuple[str, Header, _Rows]]:
    """Return the sheets that have the columns of a profile, one at least.

    Returns
    -------
    list of (str, Header, rows)
        The sheet's name, its header and all its rows, as Python cells.

    Raises
    ------
    alloc.errors.InputError
        ``COLUMNS_MISSING``, ``SHEET_MISSING``, ``FILE_DAMAGED``.
    """
    workbook = _open_workbook(data, name)
    visible = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible
    ]
    if profile.sheet is not None and profile.sheet not in workbook.sheet_names:
        raise InputError(
            f"{name} has no sheet {profile.sheet!r}, but "
            f"{', '.join(map(repr, workbook.sheet_names)) or 'none'}",
            reason="SHEET_MISSING",
            file=name,
            field=profile.sheet,
        )
    tried: list[Header] = []
    fitting: list[tuple[str, Header, _Rows]] = []
    for sheet_name in visible if profile.sheet is None else [profile.sheet]:
        with _spreadsheet_errors(name):
            sheet = workbook.get_sheet_by_name(sheet_name)
            rows: _Rows = sheet.to_python(skip_empty_area=False)
        found = header_rows(_sheet_rows(rows), profile)
        tried.extend(found)
        fits = (row for row in found if not missing_columns(row, profile))
        fitting.extend((sheet_name, row, rows) for row in islice(fits, 1))
    choose_header(tried, profile, name)
    return fitting


def _sheet_rows(rows: _Rows) -> Iterator[Header]:
    for index, cells in enumerate(rows):
        if any(cell != "" for cell in cells):
            yield make_header(cells, index + 1)


def read_sheet(data: bytes, profile: Profile, name: str) -> Grid:
    """Read the columns that a profile wants, as Python cells."""
    sheet, header, rows = find_sheets(data, profile, name)[0]
    names, header_line = header.names, header.line
    below = rows[header_line:]
    return Grid(
        names=names,
        columns={
            source: [cells[index] for cells in below]
            for source, index in wanted_columns(names, profile).items()
        },
        rows=len(below),
        header_line=header_line,
        lines=lambda wanted: [header_line + 1 + row for row in wanted],
        sheet=sheet,
    )


def sniff_sheet(data: bytes, profile: Profile, name: str) -> list[str]:
    """Return the headings of a spreadsheet."""
    return find_sheets(data, profile, name)[0][1].names
