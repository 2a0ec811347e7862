"""The sections of open items: one column an axis becomes one list an item."""

from __future__ import annotations

import pyarrow as pa

__all__ = ["ANALYTIC", "with_analytic"]

ANALYTIC = ("analytic", "analytic_second", "analytic_third")
"""Columns of sections, axis by axis."""


def with_analytic(table: pa.Table) -> pa.Table:
    """Replace the columns of sections by one; a table that holds none has none.

    Parameters
    ----------
    table
        Open items as mapped, with columns of `ANALYTIC`.

    Returns
    -------
    pyarrow.Table
        ``analytic`` has the section of each axis, empty where there is none; null
        where an item has no section at all.
    """
    kept = [name for name in table.column_names if name not in ANALYTIC]
    there = [
        name
        for name in ANALYTIC
        if name in table.column_names and table[name].null_count < len(table)
    ]
    if not there:
        return table.select(kept)
    last = ANALYTIC.index(there[-1]) + 1
    blank = [None] * len(table)
    axes = [
        table[name].to_pylist() if name in there else blank for name in ANALYTIC[:last]
    ]
    sections = [
        [text or "" for text in texts] if any(texts) else None
        for texts in zip(*axes, strict=True)
    ]
    kind = pa.list_(pa.string())
    return table.select(kept).append_column("analytic", pa.array(sections, kind))
