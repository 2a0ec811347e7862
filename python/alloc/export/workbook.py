"""Tables as an XLSX workbook: one sheet, texts as they are, equal bytes."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

import xlsxwriter

from alloc.errors import LimitError
from alloc.export.columns import guarded, mapped

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    import pyarrow as pa

__all__ = ["ROWS_MAX", "workbook"]

ROWS_MAX = 1_048_576
"""Rows of a sheet, its heading included."""

#: The file says no other time: equal tables give equal bytes.
_CREATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
#: Every cell is a text: nothing is a formula, a link or a number of another form.
_OPTIONS = {"in_memory": True}


def workbook(
    tables: Iterable[pa.Table], *, sheet: str, numbers: Container[str] = ()
) -> bytes:
    """Write tables of equal columns below one another, as texts.

    Parameters
    ----------
    tables
        At least one, of texts; nulls are empty cells.
    sheet
        Name of the sheet.
    numbers
        Columns that a minus may begin; other texts are disarmed, for who saves the
        sheet as CSV.

    Raises
    ------
    alloc.errors.LimitError
        ``ROWS_OVER_LIMIT``: a sheet has no room for so many rows.
    """
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, _OPTIONS)
    book.set_properties({"created": _CREATED})
    page = book.add_worksheet(sheet)
    row = 0
    for table in tables:
        if row == 0:
            for column, name in enumerate(table.column_names):
                page.write_string(0, column, name)
        if row + table.num_rows >= ROWS_MAX:
            raise LimitError(
                f"a sheet has {ROWS_MAX} rows, and there are more: choose a part with "
                "--entity, --fiscal-year or --since",
                reason="ROWS_OVER_LIMIT",
                limit=ROWS_MAX,
            )
        texts = [
            (column if name in numbers else mapped(column, guarded)).to_pylist()
            for name, column in zip(table.column_names, table.columns, strict=True)
        ]
        for cells in zip(*texts, strict=True):
            row += 1
            for column, text in enumerate(cells):
                if text:
                    page.write_string(row, column, text)
    book.close()
    return sink.getvalue()
