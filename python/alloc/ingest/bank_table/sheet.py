"""The rows of a table file around its header, with their lines; nothing left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alloc.errors import InputError
from alloc.ingest.csv_grid import decode, find_csv_header, whole_records
from alloc.ingest.sheet_grid import find_sheets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.ingest.grid import Header
    from alloc.ingest.profile import Profile

__all__ = ["Row", "Sheet", "read_sheet_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is not blank: its line, from 1, and its cells without blanks."""

    line: int
    cells: tuple[object, ...]

    def cell(self, index: int | None) -> object:
        """Return a cell; blank where the row is shorter, or there is no column."""
        return (
            self.cells[index] if index is not None and index < len(self.cells) else ""
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table file: what stands above its header, the headings, what stands below.

    Parameters
    ----------
    above, below
        Rows that are not blank.
    names
        Headings as printed, in their places.
    header_line
        Line (CSV) or row (spreadsheet) of the header.
    separator, encoding, name
        As far as the format has them; `name` is the sheet's.
    ends_open
        Whether the last row has no line end: the file may have been cut there.
    """

    above: tuple[Row, ...]
    names: tuple[str, ...]
    below: tuple[Row, ...]
    header_line: int
    separator: str = ""
    encoding: str = ""
    name: str = ""
    ends_open: bool = False


def read_sheet_rows(data: bytes, format_: str, profile: Profile, *, name: str) -> Sheet:
    """Read every row of a table file.

    Parameters
    ----------
    data
        The whole file.
    format_
        ``csv`` or ``xlsx``.
    profile
        What its header holds.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        ``COLUMNS_MISSING``, ``ENCODING_WRONG``, ``SHEET_MISSING``, ``FILE_DAMAGED``;
        ``SHEETS_SEVERAL`` when several sheets have the columns.
    """
    if format_ == "csv":
        text = decode(data, profile.encoding, name=name)
        header = find_csv_header(text, profile, name)
        found = whole_records(text, header.separator, profile.quote, name=name)
        rows = [_row(line, cells) for line, cells in found]
        sheet = _around(rows, header, encoding=profile.encoding)
        return replace(sheet, ends_open=not text.endswith(("\n", "\r")))
    (title, header, cells_of), *others = find_sheets(data, profile, name)
    if others:
        names = ", ".join(repr(other) for other in [title, *(one[0] for one in others)])
        raise InputError(
            f"{name}: the sheets {names} all have the "
            "columns of a statement: say which is meant with [file] sheet in the "
            "profile, or export them one by one",
            reason="SHEETS_SEVERAL",
            file=name,
            field=title,
        )
    rows = [_row(line, cells) for line, cells in enumerate(cells_of, start=1)]
    return _around(rows, header, name=title)


def _row(line: int, cells: Sequence[object]) -> Row:
    return Row(
        line, tuple(cell.strip() if isinstance(cell, str) else cell for cell in cells)
    )


def _around(
    rows: list[Row], header: Header, *, encoding: str = "", name: str = ""
) -> Sheet:
    told = [row for row in rows if any(cell not in ("", None) for cell in row.cells)]
    return Sheet(
        above=tuple(row for row in told if row.line < header.line),
        names=tuple(header.names),
        below=tuple(row for row in told if row.line > header.line),
        header_line=header.line,
        separator=header.separator,
        encoding=encoding,
        name=name,
    )
