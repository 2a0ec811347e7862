"""What a statement says beside a label: its account, currency, number, balances."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from alloc.engine import currency_exponent
from alloc.errors import InputError
from alloc.ingest.bank_table.layout import begins_with
from alloc.ingest.forms import (
    cell_amount,
    cell_text,
    parse_amounts,
    parse_date,
    without_currency,
)
from alloc.ingest.profile import CELLS
from alloc.ingest.tabular import compact_iban

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alloc.ingest.bank_table.sheet import Row
    from alloc.ingest.profile import Profile

__all__ = ["Cells", "read_cells"]

_DIGITS_OF_ACCOUNT_MIN = 4


@dataclass(frozen=True, slots=True)
class Cells:
    """What stood beside the labels of a profile; None where there was none."""

    account: str | None = None
    currency: str | None = None
    number: str | None = None
    opening_minor: int | None = None
    opening_date: dt.date | None = None
    closing_minor: int | None = None
    closing_date: dt.date | None = None


def read_cells(
    rows: list[Row], profile: Profile, *, currency: str | None, name: str
) -> Cells:
    """Look up the labels of a profile in the rows around the entries.

    A value stands behind its label in the same cell, in a cell to the right, or in
    the cell below; the first that can be one counts.

    Parameters
    ----------
    rows
        Rows that hold no entry.
    profile
        Which labels there are.
    currency
        That of the entries, where they say it.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        ``CELL_MISSING``: no row has the label; ``CELL_INVALID``: nothing beside it
        can be the value. Names of ``optional`` may be missing.
    """
    found: dict[str, object] = {}
    for target in sorted(profile.cells, key=lambda one: CELLS[one] == "amount"):
        # The currency comes before the amounts, which have its decimals.
        currency = currency or (str(found["currency"]) if "currency" in found else None)
        read = _reading(target, profile, currency)
        value = _look_up(rows, target, profile, read, name)
        if value is not None:
            found[target] = value
    return Cells(**found)  # type: ignore[arg-type]


def _look_up(
    rows: list[Row],
    target: str,
    profile: Profile,
    read: Callable[[object], object],
    name: str,
) -> object:
    line = 0
    for label in profile.cells[target]:
        for place, row in enumerate(rows):
            below = rows[place + 1] if place + 1 < len(rows) else None
            for candidate in _beside(row, label, below):
                line = line or row.line
                value = read(candidate)
                if value is not None:
                    return value
    if target in profile.optional:
        return None
    labels = " or ".join(map(repr, profile.cells[target]))
    where = f"{name}:{line}" if line else name
    what = "nothing beside it can be that" if line else "no row has it"
    raise InputError(
        f"{where}: {target} is sought beside {labels}, but {what}",
        reason="CELL_INVALID" if line else "CELL_MISSING",
        file=name,
        field=target,
        **({"line": line} if line else {}),
    )


def _beside(row: Row, label: str, below: Row | None) -> Iterator[object]:
    """Yield what may be the value of a label, if the row has it."""
    for index, cell in enumerate(row.cells):
        rest = begins_with(cell_text(cell) or "", label)
        if rest is None:
            continue
        yield rest
        yield from row.cells[index + 1 :]
        if below is not None:
            yield below.cell(index)
        else:
            yield ""


def _reading(
    target: str, profile: Profile, currency: str | None
) -> Callable[[object], object]:
    if CELLS[target] == "amount":
        return lambda cell: _amount(cell, profile, currency)
    if CELLS[target] == "date":
        return lambda cell: _date(cell, profile)
    return {"account": _account, "currency": _currency, "number": _number}[target]


def _account(cell: object) -> str | None:
    text = cell_text(cell) or ""
    digits = sum(char.isdigit() for char in text)
    return compact_iban(text) if digits >= _DIGITS_OF_ACCOUNT_MIN else None


def _currency(cell: object) -> str | None:
    text = (cell_text(cell) or "").upper()
    return text if currency_exponent(text) is not None else None


def _number(cell: object) -> str | None:
    text = cell_text(cell) or ""
    return text if any(char.isdigit() for char in text) else None


def _date(cell: object, profile: Profile) -> dt.date | None:
    forms = profile.form.dates
    words = cell.split() if isinstance(cell, str) else []
    pieces = [cell, *(word.strip(":;,()") for word in words)]
    return next(filter(None, (parse_date(piece, forms) for piece in pieces)), None)


def _amount(cell: object, profile: Profile, currency: str | None) -> int | None:
    text = cell_amount(cell, profile.form) if not isinstance(cell, dt.date) else None
    if text is None:
        return None
    words = [
        word
        for word in text.replace(":", " ").split(" ")
        if parse_date(word.strip("()"), profile.form.dates) is None
    ]
    digits = currency_exponent(currency or "")
    column = pa.array([" ".join(words).strip() or None], pa.string())
    column = without_currency(column, pa.array([currency], pa.string()))
    exponents = np.array([2 if digits is None else digits], dtype=np.int64)
    amounts = parse_amounts(column, exponents, profile.form)
    return None if amounts.bad[0] or amounts.blank[0] else int(amounts.minor[0])
