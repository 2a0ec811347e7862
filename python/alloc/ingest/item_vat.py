"""The VAT of open items: amount and rate columns become one list an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from alloc.domain.rate import parse_rate
from alloc.rules.arithmetic import half_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.ingest.problems import Problems

__all__ = ["VAT_AMOUNTS", "VAT_LIST", "VAT_RATES", "rate_bps", "with_vat"]

VAT_AMOUNTS = ("vat_minor", "vat_second_minor", "vat_third_minor")
"""Columns of VAT amounts: an item may have several rates."""

VAT_RATES = ("vat_rate", "vat_second_rate", "vat_third_rate")
"""The rate of each; where there is no such column, the profile says it."""

VAT_LIST = pa.list_(
    pa.struct(
        [
            pa.field("rate_bps", pa.int64(), nullable=False),
            pa.field("base_minor", pa.int64(), nullable=False),
            pa.field("vat_minor", pa.int64(), nullable=False),
        ]
    )
)

_BPS = 10_000


def rate_bps(text: str) -> int | None:
    """Read a rate like ``20``, ``5,5 %`` or ``2.1%`` in hundredths of a per cent.

    >>> rate_bps("5,5 %"), rate_bps("20"), rate_bps("x")
    (550, 2000, None)
    """
    ppm = parse_rate(text.strip().removesuffix("%").strip().replace(",", ".") + "%")
    if ppm is None or ppm % 100 or ppm > 100 * _BPS:
        return None
    return ppm // 100


def with_vat(table: pa.Table, rates: Sequence[str], problems: Problems) -> pa.Table:
    """Replace the VAT columns by ``vat``; a table without VAT has none.

    Parameters
    ----------
    table
        Open items as mapped, with columns of `VAT_AMOUNTS` and `VAT_RATES`.
    rates
        What the profile says for columns without a rate.
    problems
        Takes rows whose rate cannot be read, or whose VAT is above the document.

    Returns
    -------
    pyarrow.Table
        ``vat`` has the sign of the document; null where no amount is given.
    """
    names = table.column_names
    kept = [name for name in names if name not in (*VAT_AMOUNTS, *VAT_RATES)]
    there = [name for name in VAT_AMOUNTS if name in names]
    held = [name for name in there if table[name].null_count < len(table)]
    if not held:
        return table.select(kept)
    total = table["original_minor" if "original_minor" in names else "open_minor"]
    totals = [
        said if said is not None else opened
        for said, opened in zip(
            total.to_pylist(), table["open_minor"].to_pylist(), strict=True
        )
    ]
    lists: list[list[dict[str, int]] | None] = [None] * len(table)
    unread = np.zeros(len(table), dtype=np.bool_)
    above = np.zeros(len(table), dtype=np.bool_)
    for name in held:
        place = VAT_AMOUNTS.index(name)
        said = _rates(table, place, rates)
        for row, minor in enumerate(table[name].to_pylist()):
            bps = rate_bps(said[row] or "") if minor is not None else 0
            if bps is None:
                unread[row] = True
            elif minor is not None and totals[row] is not None:
                above[row] |= abs(minor) > abs(totals[row])
                lists[row] = [*(lists[row] or ()), _line(bps, minor, totals[row])]
    problems.add(
        unread,
        VAT_RATES[0],
        "VAT_RATE_INVALID",
        lambda _: "no rate in per cent: map vat_rate, or say vat_rates in the profile",
    )
    problems.add(
        above, VAT_AMOUNTS[0], "VAT_TOO_LARGE", lambda _: "more VAT than the document"
    )
    for row, lines in enumerate(lists):
        if lines is not None and len(lines) == 1:
            lines[0]["base_minor"] = totals[row] - lines[0]["vat_minor"]
    return table.select(kept).append_column("vat", pa.array(lists, VAT_LIST))


def _rates(table: pa.Table, place: int, rates: Sequence[str]) -> list[str | None]:
    """Return the rate of each row for one VAT column, as text."""
    said = rates[place] if place < len(rates) else None
    if VAT_RATES[place] not in table.column_names:
        return [said] * len(table)
    return [text or said for text in table[VAT_RATES[place]].to_pylist()]


def _line(bps: int, minor: int, total: int) -> dict[str, int]:
    minor = abs(minor) if total >= 0 else -abs(minor)
    base = half_up(minor * _BPS, bps) if bps else total
    return {"rate_bps": bps, "base_minor": base, "vat_minor": minor}
