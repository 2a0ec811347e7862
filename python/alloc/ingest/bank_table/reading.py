"""A table of a bank becomes statements and entries, like any other bank file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from alloc.ingest.bank_table.building import BankTable, bank_file
from alloc.ingest.bank_table.cells import read_cells
from alloc.ingest.bank_table.layout import lay_out, places_of
from alloc.ingest.bank_table.sheet import read_sheet_rows
from alloc.ingest.forms import cell_text
from alloc.ingest.grid import Grid, wanted_columns
from alloc.ingest.profile import heading
from alloc.ingest.tabular import read_grid_rows

if TYPE_CHECKING:
    from alloc.domain.bank import BankFile
    from alloc.ingest.bank_table.layout import Layout
    from alloc.ingest.bank_table.sheet import Row, Sheet
    from alloc.ingest.profile import Profile
    from alloc.ingest.tabular import TableFile

__all__ = ["map_bank_table", "read_bank_table"]


def read_bank_table(
    data: bytes, format_: str, profile: Profile, *, name: str, strict: bool
) -> BankFile:
    """Read a CSV or XLSX bank statement by its profile.

    Parameters
    ----------
    data
        The whole file.
    format_
        ``csv`` or ``xlsx``.
    profile
        Of kind ``statement``.
    name
        File name for messages.
    strict
        Refuse the file for one row that cannot be read, or a balance that does not
        follow. Otherwise such a row is left out, with a warning that names its line.

    Returns
    -------
    BankFile
        One statement an account and currency, entries in the order of the file.

    Raises
    ------
    alloc.errors.InputError
        The file cannot be read, or no row of it.
    """
    table = map_bank_table(data, format_, profile, name=name)
    return bank_file(table, format_, strict=strict)


def map_bank_table(
    data: bytes, format_: str, profile: Profile, *, name: str
) -> BankTable:
    """Map the columns of a bank's table and collect what is wrong with its rows."""
    sheet = read_sheet_rows(data, format_, profile, name=name)
    layout = lay_out(sheet, profile)
    currency = profile.currency or _first_currency(sheet, layout, profile)
    cells = read_cells(layout.around, profile, currency=currency, name=name)
    profile = msgspec.structs.replace(
        profile,
        account=cells.account or profile.account,
        currency=cells.currency or profile.currency,
    )
    file = read_grid_rows(_grid(sheet, layout, profile), profile, name=name)
    _check_width(file, [layout.entries[place] for place in file.rows], sheet)
    return BankTable(file, cells, layout, sheet, profile)


def _check_width(file: TableFile, rows: list[Row], sheet: Sheet) -> None:
    """Note rows with more cells than there are headings; fewer are blank ones.

    But a file that ends within its last row, with fewer cells than any other, was cut.
    """
    width = len(sheet.names)
    too_wide = [
        any(cell not in ("", None) for cell in row.cells[width:]) for row in rows
    ]
    file.problems.add(
        np.array(too_wide, dtype=np.bool_),
        "",
        "ROW_RAGGED",
        lambda row: (
            f"{len(rows[row].cells)} fields, but the header has {width}: is there a "
            "separator in a text without quotes?"
        ),
    )
    counts = np.array([len(row.cells) for row in rows])
    cut = np.zeros(len(rows), dtype=np.bool_)
    if sheet.ends_open and len(rows) > 1:
        cut[-1] = counts[-1] < counts[:-1].min()
    file.problems.add(
        cut,
        "",
        "FILE_TRUNCATED",
        lambda row: (
            f"the file ends here after {counts[row]} of {counts[:-1].min()} fields; it "
            "was cut off: fetch it again"
        ),
    )


def _first_currency(sheet: Sheet, layout: Layout, profile: Profile) -> str | None:
    place = places_of(sheet).get(heading(profile.columns.get("currency", "")))
    said = (cell_text(row.cell(place)) for row in layout.entries)
    return next((text for text in said if text), None)


def _grid(sheet: Sheet, layout: Layout, profile: Profile) -> Grid:
    rows = layout.entries
    return Grid(
        names=list(sheet.names),
        columns={
            source: [row.cell(place) for row in rows]
            for source, place in wanted_columns(list(sheet.names), profile).items()
        },
        rows=len(rows),
        header_line=sheet.header_line,
        lines=lambda wanted: [rows[place].line for place in wanted],
        separator=sheet.separator,
        encoding=sheet.encoding,
        sheet=sheet.name,
        left_out=layout.skipped + len(layout.others),
    )
