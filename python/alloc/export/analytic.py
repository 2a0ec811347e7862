"""Sections of postings, as packages take them: lines of one set of sections each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Part", "by_axis", "by_sections", "parts_of", "records_of"]


class Part(NamedTuple):
    """A part of a posting.

    Parameters
    ----------
    amount_minor
        Debit > 0; the parts of a posting add up to it.
    sections
        One an axis, in order; empty where there is none.
    """

    amount_minor: int
    sections: tuple[str, ...]


_PARTS = msgspec.json.Decoder(list[Part])


def parts_of(analytic: str | None) -> list[Part]:
    """Read the sections of a posting; none for null.

    Parameters
    ----------
    analytic
        As `alloc.app.ports.JournalTables` has it.
    """
    return _PARTS.decode(analytic) if analytic else []


def records_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return sections as lists of records, for JSON.

    Parameters
    ----------
    column
        As `alloc.app.ports.JournalTables` has it.
    """
    kind = pa.list_(
        pa.struct([("amount_minor", pa.int64()), ("sections", pa.list_(pa.string()))])
    )
    lists = [
        [part._asdict() for part in parts_of(text)] if text else None
        for text in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(lists, kind)])


def by_sections(lines: pa.Table) -> pa.Table:
    """Split lines that are for several sections; their parts stand in their place.

    Parameters
    ----------
    lines
        As `alloc.export.columns.joined` gives them. What a line is in a foreign
        currency stays with its first part.

    Returns
    -------
    pyarrow.Table
        With ``sections``, a list, empty where there is none.
    """
    at, amounts, sections, first = [], [], [], []
    said = zip(
        lines["analytic"].to_pylist(), lines["amount_minor"].to_pylist(), strict=True
    )
    for row, (text, amount) in enumerate(said):
        for number, part in enumerate(parts_of(text) or [Part(amount, ())]):
            at.append(row)
            amounts.append(part.amount_minor)
            sections.append(list(part.sections))
            first.append(number == 0)
    split = lines.take(pa.array(at, pa.int64()))
    split = _with(split, "amount_minor", pa.array(amounts, pa.int64()))
    for name in ("foreign_currency", "foreign_minor"):
        split = _with(split, name, _where(first, split[name]))
    return split.append_column("sections", pa.array(sections, pa.list_(pa.string())))


def by_axis(analytic: str | None) -> list[tuple[int, str, int]]:
    """Add up the parts of a posting by axis and section.

    Parameters
    ----------
    analytic
        As `alloc.app.ports.JournalTables` has it.

    Returns
    -------
    list
        Axis from 1, section, amount; a part without a section on an axis is left out.
    """
    sums: dict[tuple[int, str], int] = {}
    for amount, sections in parts_of(analytic):
        for axis, section in enumerate(sections, start=1):
            if section:
                sums[axis, section] = sums.get((axis, section), 0) + amount
    return [(axis, section, minor) for (axis, section), minor in sorted(sums.items())]


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _where(keep: Sequence[bool], column: pa.ChunkedArray) -> pa.Array:
    values = column.to_pylist()
    kept = [
        value if is_kept else None for value, is_kept in zip(values, keep, strict=True)
    ]
    return pa.array(kept, column.type)
