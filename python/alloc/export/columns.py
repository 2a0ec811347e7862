"""Text made from whole columns at once: amounts, dates, cleaned words."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from alloc import engine
from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Container

#: What a spreadsheet takes for the beginning of a formula, also in full width.
FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001

#: Columns of entries that every export needs.
ENTRY_COLUMNS = (
    "seq",
    "entity",
    "journal",
    "fiscal_year",
    "number",
    "posting_date",
    "piece_date",
    "piece_ref",
    "label",
)
#: Columns of postings that every export needs.
POSTING_COLUMNS = (
    "seq",
    "line_no",
    "account",
    "customer_id",
    "label",
    "amount_minor",
    "currency",
)
#: Columns of postings that hold nulls when they are not there.
OPTIONAL_POSTING_COLUMNS = (
    ("account_label", pa.string()),
    ("customer_name", pa.string()),
    ("letter_code", pa.string()),
    ("lettered_on", pa.date32()),
    ("foreign_currency", pa.string()),
    ("foreign_minor", pa.int64()),
    ("analytic", pa.string()),
)


def joined(entries: pa.Table, postings: pa.Table, *more: str) -> pa.Table:
    """Give each posting the columns of its entry, under ``entry_...``.

    Parameters
    ----------
    entries, postings
        Of one span of the journal.
    more
        Columns of entries to take besides `ENTRY_COLUMNS`.

    Returns
    -------
    pyarrow.Table
        One row a posting, by ``seq`` and ``line_no``.

    Raises
    ------
    alloc.errors.InputError
        A column is missing (``COLUMN_MISSING``), a posting has no entry
        (``ORPHAN_ROW``) or an entry does not balance (``UNBALANCED_ENTRY``).
    """
    for name, table, columns in (
        ("entries", entries, (*ENTRY_COLUMNS, *more)),
        ("postings", postings, POSTING_COLUMNS),
    ):
        for column in columns:
            if column not in table.column_names:
                raise InputError(
                    f"{name}: column {column} is missing",
                    reason="COLUMN_MISSING",
                    table=name,
                    column=column,
                )
    at = pc.index_in(postings["seq"], value_set=entries["seq"])
    if at.null_count:
        seq = postings["seq"].filter(pc.is_null(at))[0].as_py()
        raise InputError(
            f"postings: entry {seq} is not among the entries",
            reason="ORPHAN_ROW",
            seq=seq,
        )
    check_balance(postings)
    lines = postings
    for column, kind in OPTIONAL_POSTING_COLUMNS:
        if column not in lines.column_names:
            lines = lines.append_column(column, pa.nulls(lines.num_rows, kind))
    for column in (*ENTRY_COLUMNS, *more):
        lines = lines.append_column(f"entry_{column}", entries[column].take(at))
    if _is_sorted(lines):
        return lines
    return lines.sort_by([("seq", "ascending"), ("line_no", "ascending")])


def _is_sorted(lines: pa.Table) -> bool:
    before, after = lines.slice(0, max(lines.num_rows - 1, 0)), lines.slice(1)
    is_next_line = pc.and_(
        pc.equal(before["seq"], after["seq"]),
        pc.less(before["line_no"], after["line_no"]),
    )
    ascends = pc.or_(pc.less(before["seq"], after["seq"]), is_next_line)
    return bool(pc.all(ascends, min_count=0).as_py())


def check_balance(postings: pa.Table) -> None:
    """Refuse postings that do not add up to zero by entry and currency."""
    sums = postings.group_by(["seq", "currency"]).aggregate([("amount_minor", "sum")])
    off = sums.filter(pc.not_equal(sums["amount_minor_sum"], 0))
    if off.num_rows:
        seq = pc.min(off["seq"]).as_py()
        raise InputError(
            f"entry {seq} does not balance: nothing was exported, run `alloc verify`",
            reason="UNBALANCED_ENTRY",
            seq=seq,
        )


def guarded(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("F-1")
    ("'=1+1", 'F-1')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def mapped(column: pa.ChunkedArray, change: Callable[[str], str]) -> pa.ChunkedArray:
    """Change every text of a column; each different text is changed once."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    changed = pa.array(
        [change(text) for text in encoded.dictionary.to_pylist()], pa.string()
    )
    return pa.chunked_array([changed.take(encoded.indices)])


def dates(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    """Write dates by a pattern of `datetime.date.strftime`."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    written = [day.strftime(pattern) for day in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(written, pa.string()).take(encoded.indices)])


def decimals(
    amounts: pa.ChunkedArray, currencies: pa.ChunkedArray, mark: str = "."
) -> pa.ChunkedArray:
    """Write minor units as decimal text: -123456 EUR is ``-1234.56``; no float."""
    written = pa.chunked_array([pa.nulls(len(amounts), pa.string())])
    for currency in pc.unique(currencies).to_pylist():
        exponent = engine.currency_exponent(currency)
        if exponent is None:
            raise InputError(
                f"postings: {currency} is no active ISO 4217 code",
                reason="CURRENCY_UNKNOWN",
                currency=currency,
            )
        mine = pc.equal(currencies, currency)
        written = pc.if_else(mine, _decimal(amounts, exponent, mark), written)
    return written


def foreign_decimals(lines: pa.Table, mark: str = ".") -> pa.ChunkedArray:
    """Write what a posting is in its foreign currency; null where it has none."""
    there = pc.is_valid(lines["foreign_currency"])
    amounts = pc.fill_null(lines["foreign_minor"], 0)
    # A currency with an exponent stands in where there is none: it is not written.
    currencies = pc.coalesce(lines["foreign_currency"], lines["currency"])
    return pc.if_else(there, decimals(amounts, currencies, mark), None)


def decimal_text(amount_minor: int, currency: str) -> str:
    """Write one amount as `decimals` writes a column.

    Examples
    --------
    >>> decimal_text(-5, "EUR"), decimal_text(1200, "JPY")
    ('-0.05', '1200')
    """
    exponent = engine.currency_exponent(currency) or 0
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(exponent + 1, "0")
    cut = len(digits) - exponent
    return f"{sign}{digits[:cut]}.{digits[cut:]}" if exponent else sign + digits


def _decimal(amounts: pa.ChunkedArray, exponent: int, mark: str) -> pa.ChunkedArray:
    sign = pc.if_else(pc.less(amounts, 0), "-", "")
    digits = pc.replace_substring_regex(
        amounts.cast(pa.string()), pattern="^-", replacement=""
    )
    if exponent == 0:
        return pc.binary_join_element_wise(sign, digits, "")
    digits = pc.utf8_lpad(digits, width=exponent + 1, padding="0")
    units = pc.utf8_slice_codeunits(digits, start=0, stop=-exponent)
    parts = pc.utf8_slice_codeunits(digits, start=-exponent)
    return pc.binary_join_element_wise(sign, units, mark, parts, "")


def glued(*parts: pa.ChunkedArray | str, null: str = "") -> pa.ChunkedArray:
    """Join columns and constants row by row; nulls are written as `null`."""
    wide = [
        pa.scalar(part, pa.large_string())
        if isinstance(part, str)
        else part.cast(pa.large_string())
        for part in parts
    ]
    return pc.binary_join_element_wise(
        *wide,
        pa.scalar("", pa.large_string()),
        null_handling="replace",
        null_replacement=null,
    )


def csv_bytes(table: pa.Table, *, header: bool, numbers: Container[str] = ()) -> bytes:
    """Write a table as UTF-8 CSV, dates as ISO 8601, texts disarmed but for numbers."""
    for index, field in enumerate(table.schema):
        column = table.column(index)
        if pa.types.is_date(field.type):
            column = dates(column, "%Y-%m-%d")
        elif not pa.types.is_integer(field.type) and field.name not in numbers:
            column = mapped(column, guarded)
        table = table.set_column(index, field.name, column)
    out = io.BytesIO()
    options = csv.WriteOptions(include_header=header, quoting_style="needed")
    csv.write_csv(table, out, options)
    return out.getvalue()


def text_of(column: pa.ChunkedArray) -> bytes:
    """Return the UTF-8 text of all rows, one after another, without copies of rows."""
    pieces = []
    for chunk in column.chunks:
        if len(chunk) == 0:
            continue
        offsets = chunk.buffers()[1]
        starts = pa.Array.from_buffers(
            pa.int64(), len(chunk) + chunk.offset + 1, [None, offsets]
        )
        first, last = starts[chunk.offset].as_py(), starts[-1].as_py()
        pieces.append(chunk.buffers()[2].slice(first, last - first).to_pybytes())
    return b"".join(pieces)
